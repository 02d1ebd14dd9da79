"""s02, each part by itself. (Every interleaving of two buyers is in tests/proof.)"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial

import pymysql
import pytest
from pymysql.constants import CLIENT

from common import database
from common.backends import database_name
from common.settings import Settings
from common.shop import Attempt, Busy, Ended, LimitReached, Order, SoldOut
from stages.s02_guarded_update import retry
from stages.s02_guarded_update.checkout import GuardedCheckout, count_purchase, take_stock
from stages.s02_guarded_update.variants import OptimisticCheckout, RowLockCheckout
from tests.world import World

RIGHT = [GuardedCheckout, RowLockCheckout, OptimisticCheckout]


@pytest.mark.parametrize("checkout", RIGHT)
def test_a_refusal_for_lack_of_stock_gives_the_limit_back(
    world: Callable[..., World], checkout: type[GuardedCheckout]
) -> None:
    shop = world("s02", checkout=checkout)
    sale = shop.new_sale(units=1, limit=2)
    with pytest.raises(SoldOut):
        shop.buy(sale, 1, 2)
    assert shop.bought(sale, 1) == 0
    assert shop.orders(sale) == []
    shop.buy(sale, 1, 1)
    assert shop.bought(sale, 1) == 1


def test_the_guard_on_the_ledger_row_says_no_without_changing_it(world: Callable[..., World]) -> None:
    shop = world("s02")
    sale = shop.new_sale(units=9, limit=3)
    with shop.backends.sql() as db:
        count_purchase(db, shop.attempt(sale, 1, 2), limit=3)
        with pytest.raises(LimitReached):
            count_purchase(db, shop.attempt(sale, 1, 2), limit=3)
        count_purchase(db, shop.attempt(sale, 1, 1), limit=3)
    assert shop.bought(sale, 1) == 3


def test_a_connection_that_counts_found_rows_would_lose_the_limit(
    world: Callable[..., World], settings: Settings
) -> None:
    """SQLAlchemy and Connector/J ask for CLIENT.FOUND_ROWS: the guard's "nothing changed" is then a 1."""
    shop = world("s02")
    sale = shop.new_sale(units=9, limit=1)
    driver = partial(pymysql.connect, client_flag=CLIENT.FOUND_ROWS)
    with closing(database.connect(settings.mysql_url, database_name("s02"), driver=driver)) as db:
        count_purchase(db, shop.attempt(sale, 1), limit=1)
        count_purchase(db, shop.attempt(sale, 1), limit=1)  # refused by the database, and nobody notices
    assert shop.bought(sale, 1) == 1


def test_the_guard_on_the_stock_decides_after_the_look(world: Callable[..., World]) -> None:
    """Sold out or closed between the look and the UPDATE: the UPDATE notices."""
    shop = world("s02")
    sale = shop.new_sale(units=1)
    with shop.backends.sql() as db:
        take_stock(db, shop.attempt(sale, 1), shop.clock())
        with pytest.raises(SoldOut):
            take_stock(db, shop.attempt(sale, 2), shop.clock())
        shop.office.restock(sale.id, 1)
        shop.office.close(sale.id)
        with pytest.raises(Ended):
            take_stock(db, shop.attempt(sale, 3), shop.clock())
    assert shop.row(sale)["stock"] == 1


class Failing:
    """A buy that fails with the given error so many times before it succeeds."""

    def __init__(self, code: int, times: int) -> None:
        self.code, self.times, self.calls = code, times, 0

    def __call__(self, attempt: Attempt) -> Order:
        self.calls += 1
        if self.calls <= self.times:
            raise pymysql.OperationalError(self.code, "as InnoDB would say")
        return "an order"  # type: ignore[return-value]


@pytest.mark.parametrize("code", sorted(retry.TRY_AGAIN))
def test_an_attempt_that_innodb_undid_is_tried_again(code: int) -> None:
    buy = Failing(code, times=retry.TRIES - 1)
    assert retry.retrying(buy)(None) == "an order"  # type: ignore[arg-type,comparison-overlap]
    assert buy.calls == retry.TRIES


@pytest.mark.parametrize("code", sorted(retry.TRY_AGAIN))
def test_retries_are_bounded_and_end_in_a_clear_refusal(code: int) -> None:
    buy = Failing(code, times=retry.TRIES)
    with pytest.raises(Busy):
        retry.retrying(buy)(None)  # type: ignore[arg-type]
    assert buy.calls == retry.TRIES


@pytest.mark.parametrize("code", [2006, 2013, 1062])
def test_an_error_that_does_not_say_undone_is_never_tried_again(code: int) -> None:
    buy = Failing(code, times=1)
    with pytest.raises(pymysql.OperationalError):
        retry.retrying(buy)(None)  # type: ignore[arg-type]
    assert buy.calls == 1


def test_a_connection_lost_in_mid_purchase_leaves_nothing(world: Callable[..., World]) -> None:
    """Killed after the order is inserted and before the stock is taken: the server undoes all of it."""
    shop = world("s02")
    sale = shop.new_sale(units=1)

    class Cut(GuardedCheckout):
        def _place(self, db, attempt: Attempt) -> Order:  # type: ignore[no-untyped-def]
            me = db.one("SELECT CONNECTION_ID() AS id")["id"]
            take = db.run

            def run(sql: str, *args: object) -> int:
                if sql.startswith("UPDATE sales"):
                    with shop.backends.sql() as admin:
                        admin.run(f"KILL CONNECTION {me}")
                return take(sql, *args)  # type: ignore[no-any-return]

            db.run = run
            return super()._place(db, attempt)

    with pytest.raises(pymysql.MySQLError):
        world("s02", checkout=Cut).buy(sale, 1)
    assert shop.orders(sale) == []
    shop.buy(sale, 1)  # neither the unit nor the limit was lost
    assert (shop.row(sale)["stock"], shop.bought(sale, 1)) == (0, 1)
