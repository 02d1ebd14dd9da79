"""`crash_safe`: whenever a process dies, nothing is lost: the buyer who presses again owns one order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from typing import Any

import pymysql
import pytest
from redis import RedisError

from common.backends import Clock
from common.database import Sql
from common.lab import Lab
from common.lab.server import Server
from common.proof import crash, facts
from common.proof.proxy import Proxy
from common.proof.steps import Recorder, Step
from common.proof.sweep import BuyOnce, Point, Sweep
from common.settings import Settings
from common.shop import (
    Attempt,
    Busy,
    LimitReached,
    Order,
    Refused,
    Reservation,
    Sale,
    SoldOut,
    Unclear,
)
from stages.s05_redis_stock.ledger import GuardedLedger
from stages.s07_journal import foils
from tests.guarantees import planted
from tests.guarantees.conftest import Cell
from tests.guarantees.finding import Finding
from tests.world import World


def press_again(shop: World, sale: Sale) -> str:
    """The same buyer presses once more; what is wrong then, or nothing."""
    try:
        shop.buy(sale, buyer=1)
        told = "an order"
    except (SoldOut, LimitReached) as refused:
        told = refused.type
    owned = shop.facts(sale).bought[1]
    wrong = [shop.broken(sale)] + [f"the buyer owns {owned} and is told {told}"] * (owned != 1)
    return "; ".join(filter(None, wrong))


def look(shop: World, settings: Settings) -> Finding:
    """Kill whoever does something with an order after each of its steps in turn."""
    with closing(Sweep(shop.stage.code, shop.create_shop, settings)) as crashes:
        parts = {what: list(crashes.points(prepare)) for what, prepare in crashes.parts.items()}
    points = [point for part in parts.values() for point in part]
    harm = "; ".join(filter(None, (told(what, part) for what, part in parts.items())))
    counted = ", ".join(f"{len(part)} of {what}" for what, part in parts.items())
    ordered = sum(point.ordered for point in points)
    met = 0 < ordered < len(points)  # some crashes came too early for an order, some too late to prevent it
    return Finding(not harm, met, harm or f"killed after each step, {counted}: nothing lost")


def told(what: str, points: Sequence[Point]) -> str:
    """Which crashes did harm, and what harm."""
    harm: dict[str, list[str]] = defaultdict(list)
    for point in points:
        if point.again:
            harm[point.again].append(f"{point.step} ({point.statement.split()[0]})")
    return "; ".join(
        f"{what}, killed after step {', '.join(after)}: {wrong}" for wrong, after in harm.items()
    )


class KillsRedis(Recorder):
    """Kills Redis with SIGKILL before one of the round trips (counted from 0) leaves."""

    def __init__(self, redis: Server, number: int) -> None:
        super().__init__()
        self._redis, self._number = redis, number

    def before(self, step: Step) -> None:
        if len(self.steps) == self._number:
            self._redis.kill()
        super().before(step)


def look_at_redis(shop: World, settings: Settings, redis: Server) -> Finding:
    """Kill Redis before each of the same operations, and before each time that one asks it; then start it.

    It comes back with the file to which it wrote all that it had answered.
    """
    if not redis.owned:
        return Finding(kept=True, met=True, evidence="Redis was not killed: it is not our server")
    points, harm = 0, []
    with closing(Sweep(shop.stage.code, shop.create_shop, settings)) as crashes:
        for what, prepare in crashes.parts.items():
            asked = Recorder()
            prepare().operation(asked)
            for number in sorted({0, *(n for n, step in enumerate(asked.steps) if step.server == "Redis")}):
                case, points = prepare(), points + 1
                try:
                    with suppress(RedisError, Busy, Unclear):  # told nothing certain
                        case.operation(KillsRedis(redis, number))
                    assert not redis.process.alive, "Redis never died: nothing is proved"
                finally:
                    redis.start()
                crashes.backends.stock.connection_pool.disconnect()
                if wrong := crashes.recover(case, number + 1, "").again:
                    harm.append(f"{what}, Redis killed before step {number + 1}: {wrong}")
    said = "; ".join(harm) or f"Redis killed at {points} points: nothing lost"
    return Finding(not harm, points > 0, said)


def test_cell(cell: Cell, world: Callable[..., World], settings: Settings, lab: Lab) -> None:
    shop = world(cell.stage.code)
    process, redis = look(shop, settings), look_at_redis(shop, settings, lab.redis)
    evidence = f"{process.evidence}; {redis.evidence}"
    cell.settle(Finding(process.kept and redis.kept, process.met and redis.met, evidence))


@pytest.mark.parametrize(
    ("plugs", "words"),
    [
        ({"counter": foils.RecordsAfterwards}, "buying, killed after step 1 (reserve.lua): "),
        ({"drain": foils.AcknowledgesFirst}, "writing orders, killed after step 3 ("),
        ({"journal": foils.NeverClaims}, "taking over, killed after step 1 ("),
    ],
    ids=["records afterwards", "acknowledges first", "never claims"],
)
def test_a_journal_that_is_not_kept_loses_orders(
    world: Callable[..., World], settings: Settings, plugs: dict[str, Any], words: str
) -> None:
    finding = look(world("s07", **plugs), settings)
    assert finding.met
    assert not finding.kept
    assert words in finding.evidence


class TrustsRedis(GuardedLedger):
    """s05 whose MariaDB takes what Redis has let through, without asking whether there is any."""

    def __init__(self, sql: Sql, clock: Clock) -> None:
        super().__init__(sql, clock)
        self._unguarded = planted.GuardDropped(sql, clock)

    def place(self, batch: Sequence[Reservation]) -> list[Order | Refused]:
        return [self._unguarded(reservation.attempt) for reservation in batch]


@pytest.mark.parametrize("memory", ["kept", "lost"])
@pytest.mark.parametrize("ledger", [GuardedLedger, TrustsRedis])
def test_what_s05_keeps_when_redis_dies_in_mid_sale(
    lab: Lab, world: Callable[..., World], memory: str, ledger: type[GuardedLedger]
) -> None:
    """What was sold stays sold. A unit that is only held lives in Redis alone: with its memory gone, the unit
    is on sale again, and whoever held it meets MariaDB's guard. Without that guard, it is sold twice."""
    if not lab.redis.owned:
        pytest.skip("kills Redis, and this one came from the environment")
    shop = world("s05", ledger=ledger)
    sale = shop.new_sale(units=3)
    sold = [shop.buy(sale, buyer).id for buyer in (1, 2)]
    stock, place = shop.shop.buy._stock, shop.shop.buy._ledger.place  # type: ignore[attr-defined]
    shop.backends.stock.config_set("appendfsync", "always")  # or a slow disk loses what was written last
    held = stock.reserve(shop.attempt(sale, buyer=3))
    lab.redis.kill()
    lab.redis.start()
    if memory == "lost":
        shop.backends.stock.flushall()

    bought = []
    with suppress(SoldOut):
        bought.append(shop.buy(sale, buyer=4))
    [outcome] = place([held])
    orders = {row["id"] for row in shop.orders(sale)}
    assert orders > set(sold)
    assert len(bought) == (memory == "lost")
    oversells = memory == "lost" and ledger is TrustsRedis
    assert len(orders) == (4 if oversells else 3)
    assert isinstance(outcome, SoldOut) == (memory == "lost" and not oversells)
    assert ("no_oversell" in shop.broken(sale)) == oversells


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
