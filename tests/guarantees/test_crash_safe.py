"""`crash_safe`: whenever a process dies, nothing is lost: the buyer who presses again owns one order."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

import pymysql
import pytest

from common import database
from common.backends import Backends, database_name
from common.lab import Lab
from common.proof import crash, facts, jobs
from common.proof.oracle import judge
from common.proof.proxy import Proxy
from common.proof.steps import Recorder, Step, Watcher
from common.settings import Settings
from common.shop import Attempt, LimitReached, Sale, Shop, SoldOut
from tests.guarantees.conftest import Cell
from tests.guarantees.finding import Finding
from tests.world import World


@dataclass(frozen=True)
class BuyOnce:
    """One purchase, its round trips watched. Goes into a process of its own."""

    create_shop: Callable[[Backends], Shop]
    code: str
    settings: Settings
    attempt: Attempt

    def __call__(self, watcher: Watcher) -> object:
        return self.create_shop(Backends.connect(self.code, self.settings).observe(watcher)).buy(self.attempt)


def press_again(shop: World, sale: Sale) -> str:
    """The same buyer presses once more; what is wrong then, or nothing."""
    try:
        shop.buy(sale, buyer=1)
        told = "an order"
    except (SoldOut, LimitReached) as refused:
        told = refused.type
    with closing(database.connect(shop.backends.settings.mysql_url, database_name(shop.stage.code))) as db:
        counter = facts.read_counter(shop.backends.stock, shop.stage.code, sale.id)
        found = facts.load(db, counter, sale.id, [], at_rest=True)
    broken = [f"{v.name}: {v.sentence}" for v in judge(found) if v.state == "broken"]
    if found.bought[1] != 1:
        broken.append(f"the buyer owns {found.bought[1]} and is told {told}")
    return "; ".join(broken)


def look(shop: World, settings: Settings) -> Finding:
    """Kill the purchase after each of its steps in turn, each time at a sale of its own."""

    def buy(sale: Sale) -> BuyOnce:
        return BuyOnce(shop.create_shop, shop.stage.code, settings, shop.attempt(sale, buyer=1))

    steps = crash.count_steps(buy(shop.new_sale(units=1)))
    harm, committed = [], 0
    for step in range(1, steps + 1):
        sale = shop.new_sale(units=1)
        dead = crash.die_after(step, buy(sale))
        with shop.backends.sql() as db:
            crash.wait_until_gone(db, dead.sessions)
        jobs.work_off(shop.shop, shop.backends)  # where there is a queue, a worker is alive
        committed += bool(shop.orders(sale))
        if wrong := press_again(shop, sale):
            harm.append(f"killed after step {step}, {dead.steps[-1].replace(str(sale.id), '7')}: {wrong}")
    met = 0 < committed < steps  # some crashes came too early for an order, some too late to prevent it
    return Finding(not harm, met, "; ".join(harm) or f"killed after each of {steps} steps: nothing lost")


def test_cell(cell: Cell, world: Callable[..., World], settings: Settings) -> None:
    cell.settle(look(world(cell.stage.code), settings))


def test_where_s05_leaks_and_what_mends_it(world: Callable[..., World], settings: Settings) -> None:
    """Killed between the reservation and the COMMIT, and only there, the unit is held by nobody: neither sold
    nor buyable. It says so in Redis, and goes to the same press when that is sent again."""
    shop = world("s05")

    def buy(attempt: Attempt) -> BuyOnce:
        return BuyOnce(shop.create_shop, "s05", settings, attempt)

    leaks = []
    for step in range(1, crash.count_steps(buy(shop.attempt(shop.new_sale(units=1), buyer=1))) + 1):
        sale = shop.new_sale(units=1)
        attempt = shop.attempt(sale, buyer=1)
        dead = crash.die_after(step, buy(attempt))
        with shop.backends.sql() as db:
            crash.wait_until_gone(db, dead.sessions)
        counter = facts.read_counter(shop.backends.stock, "s05", sale.id)
        assert counter
        if counter.left + len(shop.orders(sale)) < 1:
            leaks.append(dead.steps[-1].split()[0])
            [press] = shop.backends.stock.hvals(shop.backends.keys(sale.id, "requests"))
            assert press.endswith(b" held")
        shop.shop.buy(replace(attempt, id="again"))
        assert press_again(shop, sale) == ""
    assert leaks == ["reserve.lua", "SELECT", "BEGIN", "INSERT", "INSERT", "UPDATE"]


class LosesReplyTo(Recorder):
    """Tells the proxy to lose the reply to one step."""

    def __init__(self, number: int, proxy: Proxy) -> None:
        super().__init__()
        self._number, self._proxy = number, proxy

    def before(self, step: Step) -> None:
        super().before(step)
        if len(self.steps) == self._number:
            self._proxy.lose_next_reply()


@pytest.mark.parametrize("stage", ["s02", "s03"])
def test_a_lost_reply_loses_no_unit(
    lab: Lab, world: Callable[..., World], settings: Settings, stage: str
) -> None:
    """The network fails instead of the process: at each step, the reply of MariaDB never arrives."""
    shop = world(stage)
    with Proxy(lab.mysql.tcp) as proxy:
        through = replace(settings, mysql_url="mysql://root@{}:{}/".format(*proxy.address))
        buy = partial(BuyOnce, shop.create_shop, stage, through)
        counted = Recorder()
        buy(shop.attempt(shop.new_sale(units=1), buyer=1))(counted)
        for number in range(1, len(counted.steps) + 1):
            sale = shop.new_sale(units=1)
            with pytest.raises(pymysql.OperationalError):
                buy(shop.attempt(sale, buyer=1))(LosesReplyTo(number, proxy))
            assert proxy.lost == number, "the reply was never lost"
            assert press_again(shop, sale) == "", (
                f"after losing the reply to {counted.steps[number - 1].label}"
            )


@pytest.mark.slow
def test_what_was_acknowledged_survives_the_death_of_the_database(
    world: Callable[..., World], settings: Settings
) -> None:
    with Lab(("mysql", "redis")) as lab:
        own = replace(settings, mysql_url=lab.mysql.url, redis_url=lab.redis.url)
        shop = World("s02", own, world("s02").clock)
        sale = shop.new_sale(units=3)
        orders = [shop.buy(sale, buyer) for buyer in (1, 2)]
        lab.mysql.kill()
        lab.mysql.start()
        assert [row["id"] for row in shop.orders(sale)] == [order.id for order in orders]
        assert shop.row(sale)["stock"] == 1
        shop.close()
