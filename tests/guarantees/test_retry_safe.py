"""`retry_safe`: an attempt sent again, with the same key, takes no second unit and gets the same answer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import pymysql
import pytest
from redis import RedisError

from common.backends import Backends
from common.lab import Lab
from common.proof.explorer import Explorer
from common.proof.proxy import Proxy
from common.proof.steps import Recorder, Server, Step
from common.settings import Settings
from common.shop import Attempt, Busy, Invalid, Order, Outcome, Refused, Sale, Unclear
from stages.s05_redis_stock.foils import WithoutRequestKey
from tests.guarantees.conftest import Cell
from tests.guarantees.finding import Finding
from tests.guarantees.schedules import explore_all
from tests.world import World

UNITS = 5


class LosesReply(Recorder):
    """Has the proxy before `server` lose the reply to one of the steps that go there."""

    def __init__(self, server: Server, number: int, proxy: Proxy) -> None:
        super().__init__()
        self._server, self._number, self._proxy = server, number, proxy

    def before(self, step: Step) -> None:
        super().before(step)
        if sum(each.server == self._server for each in self.steps) == self._number:
            self._number = 0
            self._proxy.lose_next_reply()


@dataclass(frozen=True)
class Networks:
    """The servers behind proxies, and the settings that lead through these."""

    settings: Settings
    proxies: dict[Server, Proxy]


@pytest.fixture
def networks(lab: Lab, settings: Settings):  # type: ignore[no-untyped-def]
    with Proxy(lab.mysql.tcp) as mysql, Proxy(lab.redis.tcp) as redis:
        through = replace(
            settings,
            mysql_url="mysql://root@{}:{}/".format(*mysql.address),
            redis_url="redis://{}:{}/0".format(*redis.address),
        )
        yield Networks(through, {"MariaDB": mysql, "Redis": redis})


def look(shop: World, networks: Networks) -> Finding:
    """Sent twice in turn; and sent again after the reply to one of its round trips was lost, each in turn."""
    wrong = [f"sent twice: {harm}" for harm in [send_again(shop, *sent_once(shop))] if harm]
    counted = Recorder()
    sale = shop.new_sale(units=UNITS, limit=UNITS)
    buy(shop, shop.backends.settings, counted, shop.attempt(sale, buyer=1))
    lost = steps = 0
    for server, proxy in networks.proxies.items():
        for number in range(1, sum(step.server == server for step in counted.steps) + 1):
            steps += 1
            before, sale = proxy.lost, shop.new_sale(units=UNITS, limit=UNITS)
            attempt = shop.attempt(sale, buyer=1, quantity=2)
            told = buy(shop, networks.settings, LosesReply(server, number, proxy), attempt)
            lost += proxy.lost - before
            if harm := send_again(shop, sale, attempt, told):
                wrong.append(f"reply {number} of {server} lost: {harm}")
    said = f"sent twice, and again after each of {steps} lost replies: "
    return Finding(not wrong, lost == steps > 0, said + ("; ".join(wrong) or "one order each time"))


def sent_once(shop: World) -> tuple[Sale, Attempt, Outcome]:
    sale = shop.new_sale(units=UNITS, limit=UNITS)
    attempt = shop.attempt(sale, buyer=1, quantity=2)
    return sale, attempt, shop.press(attempt)


def buy(shop: World, settings: Settings, watcher: Recorder, attempt: Attempt) -> Outcome | None:
    """One purchase by a process of its own; None when the buyer is told nothing certain."""
    backends = Backends.connect(shop.stage.code, settings, shop.clock).observe(watcher)
    try:
        with suppress(pymysql.MySQLError, RedisError, Busy, Unclear):
            return shop.create_shop(backends).buy(attempt)
        return None
    finally:
        backends.pool.close()
        backends.stock.close()


def send_again(shop: World, sale: Sale, attempt: Attempt, told: Outcome | None) -> str:
    """What is wrong after the same attempt is sent again, or nothing."""
    try:
        told = told and shop.end_of(told)
        again = shop.press(replace(attempt, id="again"))
    except Refused as refused:
        return f"it was told {refused.type} in the end"
    orders = [row["id"] for row in shop.orders(sale)]
    if len(orders) != 1:
        return f"{len(orders)} orders for one press"
    if not isinstance(again, Order) or again.id != orders[0] or (told and told.id != again.id):
        return "the same press was told two things"
    return shop.broken(sale)


def test_cell(cell: Cell, world: Callable[..., World], networks: Networks) -> None:
    cell.settle(look(world(cell.stage.code), networks))


def test_the_foil_without_a_request_key_breaks_it(world: Callable[..., World], networks: Networks) -> None:
    finding = look(world("s05", stock=WithoutRequestKey), networks)
    assert finding.met
    assert not finding.kept
    assert "reply 1 of Redis lost" in finding.evidence


@pytest.mark.parametrize("code", ["s03", "s05"])
def test_two_at_once(explorer: Callable[..., Explorer], code: str) -> None:
    finding = explore_all(explorer(code), ("same-key",), "retry_safe")
    assert finding.kept == (code == "s05"), finding.evidence


def test_the_same_key_for_another_quantity_is_refused(world: Callable[..., World]) -> None:
    """By Redis, and by MariaDB alone when Redis has forgotten everything."""
    shop = world("s05")
    sale, attempt, _ = sent_once(shop)
    with pytest.raises(Invalid, match="Idempotency-Key"):
        shop.shop.buy(replace(attempt, quantity=1))
    shop.backends.stock.delete(*shop.backends.stock.keys(shop.backends.keys(sale.id, "*")))
    with pytest.raises(Invalid, match="Idempotency-Key"):
        shop.shop.buy(replace(attempt, quantity=1))
    assert [row["quantity"] for row in shop.orders(sale)] == [2]


def test_a_press_that_got_its_order_gets_it_again_whatever_happened_since(
    world: Callable[..., World],
) -> None:
    """Sold out, over the limit, closed: none of it is the answer to a press that was answered before."""
    here, there = world("s05"), world("s05")
    sale = here.new_sale(units=1, limit=1)
    attempt = here.attempt(sale, buyer=1)
    order = here.shop.buy(attempt)
    for buyer in (2, 3):
        with pytest.raises(Exception, match="Sold out"):
            there.buy(sale, buyer)  # its flag is up now
    assert there.shop.buy(replace(attempt, id="again")).id == order.id
    here.office.close(sale.id)
    assert there.shop.buy(replace(attempt, id="again")).id == order.id
