"""s01 sells in turn (see test_checkouts) and oversells as soon as two buyers meet."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial

from common import database
from common.backends import database_name
from common.proof.explorer import Explorer
from common.proof.scenarios import SCENARIOS
from common.settings import Settings
from common.shop import Attempt, Order
from stages.s01_naive.app import create_shop
from stages.s01_naive.checkout import NaiveCheckout
from tests.world import World


def test_the_column_itself_does_not_stop_the_oversell(world: Callable[..., World]) -> None:
    """An unsigned column or a CHECK would refuse, and hide the race this stage is here to show."""
    shop = world("s01")
    sale = shop.new_sale(units=0)
    with shop.backends.sql() as db:
        assert db.run("UPDATE sales SET stock = -1 WHERE id = %s", sale.id) == 1
    assert shop.row(sale)["stock"] == -1


def test_a_buyer_who_comes_between_look_and_act_is_erased(world: Callable[..., World]) -> None:
    """The race on one page: a second buyer is served at the place where the comment says anyone may come."""
    second: list[Order] = []

    class Interrupted(NaiveCheckout):
        """Once, between its look and its act, another buyer of another process comes."""

        def _place(self, db, attempt: Attempt) -> Order:  # type: ignore[no-untyped-def]
            return super()._place(Between(db), attempt)

    class Between:
        def __init__(self, db) -> None:  # type: ignore[no-untyped-def]
            self.one = db.one
            self._db = db

        def run(self, sql: str, *args: object) -> int:
            if sql.startswith("UPDATE") and not second:
                second.append(other.buy(sale, 2))  # type: ignore[arg-type]
            return self._db.run(sql, *args)  # type: ignore[no-any-return]

    other = world("s01")
    shop = world("s01", checkout=Interrupted)
    sale = shop.new_sale(units=1)
    shop.buy(sale, 1)

    assert second, "the second buyer never came: nothing is proved"
    assert len(shop.orders(sale)) == 2, "one unit, two orders"
    assert shop.row(sale)["stock"] == 0, "and the stock does not even show it"


def test_a_check_on_the_column_does_not_stop_it_either(
    world: Callable[..., World], settings: Settings
) -> None:
    """Both buyers write back 0, and 0 is allowed. Only `stock = stock - 1` would ever meet the CHECK."""
    world("s01")
    with closing(database.connect(settings.mysql_url, database_name("s01"))) as db:
        db.run("SET check_constraint_checks = 0")  # other tests may have left a negative row
        db.run("ALTER TABLE sales ADD CONSTRAINT not_negative CHECK (stock >= 0)")
        try:
            with Explorer("s01", create_shop, settings) as explorer:
                found = explorer.explore(SCENARIOS["one-unit"])
        finally:
            db.run("ALTER TABLE sales DROP CONSTRAINT not_negative")
    assert (len(found.runs), len(found.breaking("no_oversell"))) == (64, 60)


def test_counting_down_in_the_database_oversells_as_often_but_shows_it(
    world: Callable[..., World], settings: Settings
) -> None:
    """`stock = stock - 1` erases nobody: the books are right, and say that the shop has oversold."""

    class CountsDown(NaiveCheckout):
        def _place(self, db, attempt: Attempt) -> Order:  # type: ignore[no-untyped-def]
            return super()._place(Relative(db), attempt)

    class Relative:
        def __init__(self, db) -> None:  # type: ignore[no-untyped-def]
            self.one = db.one
            self._db = db

        def run(self, sql: str, *args: object) -> int:
            if sql.startswith("UPDATE"):
                sql, args = "UPDATE sales SET stock = stock - 1 WHERE id = %s", args[1:]
            return self._db.run(sql, *args)  # type: ignore[no-any-return]

    world("s01")
    with Explorer("s01", partial(create_shop, checkout=CountsDown), settings) as explorer:
        found = explorer.explore(SCENARIOS["one-unit"])
    assert (len(found.runs), len(found.breaking("no_oversell"))) == (64, 60)
    assert found.breaking("conserved") == []
