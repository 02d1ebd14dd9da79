"""s05: one script takes stock and limit, once for each press; what is not sold comes back, everywhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pymysql
import pytest
from redis import ConnectionError as Disconnected

from common.backoffice import BackOffice
from common.lab import Lab
from common.proof.explorer import Exploration, Explorer
from common.proof.oracle import Verdict, judge
from common.proof.proxy import Proxy
from common.proof.scenario import Desk, Press, Scenario, Scene
from common.proof.scenarios import SCENARIOS
from common.proof.schedule import Run
from common.proof.steps import Step
from common.settings import Settings
from common.shop import (
    Busy,
    LimitReached,
    NoSuchSale,
    Order,
    Refused,
    Reservation,
    Sale,
    SaleChanged,
    SoldOut,
)
from stages.s05_redis_stock.app import create_shop
from stages.s05_redis_stock.counter import flag
from stages.s05_redis_stock.foils import (
    DecrThenIncr,
    DistributedLock,
    GetThenDecr,
    SetsStockAtBoot,
    WithoutRequestKey,
)
from stages.s05_redis_stock.ledger import GuardedLedger
from stages.s05_redis_stock.stock import RedisStock
from tests.conftest import Fresh, MakeApp
from tests.stages.test_s03_cache import eventually
from tests.web.conftest import Site
from tests.world import HandClock, Statements, World

Worlds = Callable[..., World]
Explorers = Callable[..., Explorer]
Held = list[Reservation]


def stock(shop: World) -> RedisStock:
    return shop.shop.buy._stock  # type: ignore[attr-defined,no-any-return]


def hold(shop: World, sale: Sale, buyer: int, quantity: int = 1) -> Reservation:
    return stock(shop).reserve(shop.attempt(sale, buyer, quantity))


def redis_says(shop: World, sale: Sale, name: str) -> dict[str, str]:
    kept = shop.backends.stock.hgetall(shop.backends.keys(sale.id, name))
    return {key.decode(): value.decode() for key, value in kept.items()}


def left(shop: World, sale: Sale) -> int:
    return int(redis_says(shop, sale, "stock")["left"])


def forget(shop: World, sale: Sale) -> None:
    """Redis loses its memory of one sale."""
    shop.backends.stock.delete(*shop.backends.stock.keys(shop.backends.keys(sale.id, "*")))


def conserved(shop: World, sale: Sale) -> Verdict:
    return next(verdict for verdict in judge(shop.facts(sale)) if verdict.name == "conserved")


# Reservations.


def test_a_reservation_takes_stock_and_limit_and_its_release_returns_both(world: Worlds) -> None:
    shop = world("s05")
    sale = shop.new_sale(units=5, limit=3)
    held = hold(shop, sale, buyer=1, quantity=3)
    assert (left(shop, sale), redis_says(shop, sale, "bought")) == (2, {"1": "3"})
    with pytest.raises(LimitReached):
        hold(shop, sale, buyer=1)
    stock(shop).release(held)
    assert (left(shop, sale), redis_says(shop, sale, "bought")) == (5, {})
    hold(shop, sale, buyer=1, quantity=3)


def test_a_release_returns_once_and_only_what_its_own_token_holds(world: Worlds) -> None:
    shop = world("s05")
    sale = shop.new_sale(units=2)
    held = hold(shop, sale, buyer=1)
    stock(shop).release(replace(held, token="somebody else's"))
    assert left(shop, sale) == 1
    for _ in range(2):
        stock(shop).release(held)
        assert left(shop, sale) == 2
    again = stock(shop).reserve(replace(held.attempt, id="a later press with the same key"))
    stock(shop).release(held)
    assert left(shop, sale) == 1, "the old reservation gave back what the new one holds"
    stock(shop).confirm(again)
    stock(shop).release(again)
    assert left(shop, sale) == 1, "what was ordered was given back"


def test_a_confirmation_takes_again_what_was_given_back_meanwhile(world: Worlds) -> None:
    """Two processes serve one press: one fails and gives back, the other succeeds."""
    shop = world("s05")
    sale = shop.new_sale(units=2)
    held = hold(shop, sale, buyer=1)
    joined = stock(world("s05")).reserve(replace(held.attempt, id="the second try"))
    assert left(shop, sale) == 1
    stock(shop).release(held)
    for _ in range(2):
        stock(shop).confirm(joined)
        assert (left(shop, sale), redis_says(shop, sale, "bought")) == (1, {"1": "1"})


def test_a_refused_press_may_try_again(world: Worlds) -> None:
    shop = world("s05")
    sale = shop.new_sale(units=1)
    first, second = shop.attempt(sale, 1), shop.attempt(sale, 2)
    shop.shop.buy(first)
    with pytest.raises(SoldOut):
        shop.shop.buy(second)
    shop.office.restock(sale.id, 1)
    assert isinstance(shop.shop.buy(second), Order)


def test_a_script_that_the_server_forgot_is_loaded_again(world: Worlds) -> None:
    shop = world("s05")
    sale = shop.new_sale(units=2)
    shop.buy(sale, 1)
    shop.backends.stock.script_flush()
    shop.buy(sale, 2)
    assert conserved(shop, sale).state == "kept"


def test_ids_of_no_sale_cost_a_handful_of_statements(world: Worlds) -> None:
    shop = world("s05")
    sale = shop.new_sale(units=1)
    shop.shop.catalog.get(sale.id)
    count = Statements(shop)
    for nth in range(1, 101):
        with pytest.raises(NoSuchSale):
            shop.shop.buy(replace(shop.attempt(sale, 1), sale_id=sale.id + nth))
    assert count.since() <= 5


# When MariaDB says no, or nothing.


class SaysNo(GuardedLedger):
    def place(self, batch: Sequence[Reservation]) -> list[Order | Refused]:
        return [Busy() for _ in batch]


def test_what_the_ledger_refuses_is_on_sale_again(world: Worlds) -> None:
    shop, refused = world("s05"), world("s05", ledger=SaysNo)
    sale = shop.new_sale(units=1)
    with pytest.raises(Busy):
        refused.buy(sale, 1)
    shop.buy(sale, 1)
    assert conserved(shop, sale).state == "kept"


def test_the_ledger_refuses_what_redis_would_sell_too_often(world: Worlds) -> None:
    """The last line: Redis is told that there are a hundred units and no limit."""
    shop = world("s05")
    sale = shop.new_sale(units=2, limit=1)
    shop.backends.stock.hset(shop.backends.keys(sale.id, "stock"), mapping={"left": 100, "limit": 100})
    told: list[str] = []
    for buyer in (1, 1, 2, 3):
        try:
            shop.buy(sale, buyer)
            told.append("order")
        except Refused as refused:
            told.append(refused.type)
    assert told == ["order", "limit_reached", "order", "sold_out"]


class Fails:
    """A database connection that fails at one statement: before it is sent, or once it is done."""

    def __init__(self, at: str, *, done: bool = False) -> None:
        self.at, self.done, self.times = at, done, 0

    def before(self, step: Step) -> None:
        self._fail(step, not self.done)

    def after(self, step: Step, reply: str) -> None:
        self._fail(step, self.done)

    def _fail(self, step: Step, now: bool) -> None:
        if now and step.command.startswith(self.at) and step.server == "MariaDB":
            self.times += 1
            raise pymysql.OperationalError(2013, "Lost connection")


@pytest.mark.parametrize("at", ["SELECT", "BEGIN", "INSERT INTO orders", "INSERT INTO purchases", "UPDATE"])
def test_a_database_that_fails_before_the_commit_costs_no_unit(world: Worlds, at: str) -> None:
    fault = Fails(at)
    shop, failing = world("s05"), world("s05", watcher=fault)
    sale = shop.new_sale(units=1)
    with pytest.raises(Busy):
        failing.buy(sale, 1)
    assert fault.times == 1
    assert (left(shop, sale), conserved(shop, sale).state) == (1, "kept")


def test_a_commit_without_a_reply_keeps_the_unit_for_its_press(world: Worlds) -> None:
    """Nobody knows; so nothing is given back, and the same press finds out."""
    fault = Fails("COMMIT")
    shop, failing = world("s05"), world("s05", watcher=fault)
    sale = shop.new_sale(units=1)
    attempt = shop.attempt(sale, 1)
    with pytest.raises(pymysql.OperationalError):
        failing.shop.buy(attempt)
    assert left(shop, sale) == 0
    assert [value.split()[-1] for value in redis_says(shop, sale, "requests").values()] == ["held"]
    shop.shop.buy(replace(attempt, id="again"))
    assert conserved(shop, sale).state == "kept"


@pytest.mark.parametrize("at", ["SELECT", "BEGIN", "SELECT * FROM orders"])
def test_a_second_try_that_fails_does_not_give_back_what_the_first_has_sold(world: Worlds, at: str) -> None:
    """The first try was ordered, and nobody heard of it; the second does not get as far as finding out."""
    shop, deaf, failing = world("s05"), world("s05", watcher=Fails("COMMIT", done=True)), Fails(at)
    sale = shop.new_sale(units=1)
    attempt = shop.attempt(sale, 1)
    with pytest.raises(pymysql.OperationalError):
        deaf.shop.buy(attempt)
    with pytest.raises((Busy, pymysql.OperationalError)):
        world("s05", watcher=failing).shop.buy(replace(attempt, id="the second try"))
    assert failing.times == 1
    assert (left(shop, sale), conserved(shop, sale).state) == (0, "kept")


# The sold-out flag.


@contextmanager
def listening(shop: World) -> Iterator[None]:
    """A process whose flags hear of what comes back."""
    stop, redis = threading.Event(), shop.backends.stock
    channel = shop.backends.keys.shared("dropped")
    before = dict(redis.pubsub_numsub(channel))[channel.encode()]
    thread = threading.Thread(target=shop.shop.services["flags"].run, args=(stop.is_set,))
    thread.start()
    try:
        eventually(lambda: dict(redis.pubsub_numsub(channel))[channel.encode()] > before)
        yield
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def has_flag(shop: World, sale: Sale) -> bool:
    return stock(shop)._flags.refuses(shop.attempt(sale, buyer=999))


def sell_out(shop: World, sale: Sale, *others: World) -> Reservation:
    """Hold the last unit; every process has its flag up afterwards."""
    held = hold(shop, sale, buyer=1)
    for process in (shop, *others):
        with pytest.raises(SoldOut):
            process.buy(sale, 2)
        assert has_flag(process, sale)
    return held


@pytest.mark.parametrize("how", ["return", "restock"])
def test_the_flag_comes_down_in_every_process(world: Worlds, how: str) -> None:
    here, there = world("s05"), world("s05")
    sale = here.new_sale(units=1)
    with listening(there):
        held = sell_out(here, sale, there)
        if how == "return":
            stock(here).release(held)
        else:
            here.office.restock(sale.id, 1)
        assert not has_flag(here, sale)
        eventually(lambda: not has_flag(there, sale))
        there.buy(sale, 2)


def test_a_flag_whose_message_is_lost_comes_down_within_a_second(world: Worlds, clock: HandClock) -> None:
    """The net. Without a listener the flag stays until then, which shows that the listener is what helps."""
    here, deaf = world("s05"), world("s05")
    sale = here.new_sale(units=1)
    stock(here).release(sell_out(here, sale, deaf))
    with pytest.raises(SoldOut):
        deaf.buy(sale, 2)
    clock.forward(1)
    deaf.buy(sale, 2)


def test_a_unit_that_comes_back_while_a_process_asks_who_owns_something_raises_no_flag(world: Worlds) -> None:
    here = world("s05")
    sale = here.new_sale(units=1)
    held = hold(here, sale, buyer=1)
    meanwhile = Meanwhile("owners.lua", lambda: stock(here).release(held))
    there = world("s05", watcher=meanwhile)
    meanwhile.also = lambda: there.shop.services["flags"]._local.drop(flag(sale.id))  # type: ignore[attr-defined]
    with pytest.raises(SoldOut):
        there.buy(sale, 2)
    assert meanwhile.happened
    there.buy(sale, 2)


# Warm-up.


@dataclass
class Meanwhile:
    """A watcher that has something happen once, right after a step."""

    what: str
    happen: Callable[[], object]
    also: Callable[[], object] = lambda: None
    happened: list[Step] = field(default_factory=list)

    def before(self, step: Step) -> None:
        pass

    def after(self, step: Step, reply: str) -> None:
        if step.command.startswith(self.what) and not self.happened:
            self.happened.append(step)
            self.happen()
            self.also()


def test_a_process_that_starts_in_mid_sale_resets_nothing(world: Worlds) -> None:
    shop = world("s05")
    sale = shop.new_sale(units=3)
    hold(shop, sale, 1), hold(shop, sale, 2)
    later = world("s05")
    later.shop.listeners[0](SaleChanged(sale.id, sale.version, "published"))
    assert stock(later)._warm_up(sale.id), "it says that the stock is there"
    assert left(shop, sale) == 1
    hold(later, sale, 3)
    with pytest.raises(SoldOut):
        hold(later, sale, 4)


def test_the_foil_that_sets_the_stock_at_boot_sells_what_is_held(world: Worlds) -> None:
    sale = world("s05").new_sale(units=3)
    holders: Held = []
    for process in range(2):
        shop = world("s05", stock=SetsStockAtBoot)
        for buyer in range(4):
            with suppress(SoldOut):
                holders.append(hold(shop, sale, 10 * process + buyer))
    assert len(holders) == 6, "three units, each let through twice"


def test_a_cold_sale_is_copied_with_its_buyers_and_their_presses(world: Worlds) -> None:
    shop = world("s05")
    sale = shop.new_sale(units=5, limit=2)
    attempt = shop.attempt(sale, 1, 2)
    order = shop.shop.buy(attempt)
    before = {name: redis_says(shop, sale, name) for name in ("stock", "bought")}
    forget(shop, sale)
    assert shop.shop.buy(replace(attempt, id="again")) == replace(
        order, created_at=shop.orders(sale)[0]["created_at"]
    )  # type: ignore[type-var]
    with pytest.raises(LimitReached):
        shop.buy(sale, 1)
    after = {name: redis_says(shop, sale, name) for name in ("stock", "bought")}
    assert after["stock"].pop("epoch") != before["stock"].pop("epoch")
    assert after == before


def commits(shop: World, sale: Sale) -> Callable[[], object]:
    """An attempt that holds a unit, and whose order commits only when this is called."""
    held = hold(shop, sale, buyer=1)

    def finish() -> None:
        [order] = shop.shop.buy._ledger.place([held])  # type: ignore[attr-defined]
        assert isinstance(order, Order)
        stock(shop).confirm(held)

    return finish


@pytest.mark.parametrize("step", ["SELECT * FROM sales", "SELECT id, buyer_id, request_key", "SET"])
@pytest.mark.parametrize("news", ["an order commits", "a restock"])
def test_a_warm_up_does_not_miss_what_commits_while_it_reads(world: Worlds, step: str, news: str) -> None:
    """Redis has lost everything. A copy read before the news may not be put after it."""
    here = world("s05")
    sale = here.new_sale(units=3)
    happen = commits(here, sale) if news == "an order commits" else partial(here.office.restock, sale.id, 2)
    forget(here, sale)
    meanwhile = Meanwhile(step, happen)
    there = world("s05", watcher=meanwhile, catalog=lambda source, *_: here.shop.catalog)
    there.buy(sale, 2)
    assert meanwhile.happened
    assert conserved(here, sale).state == "kept", conserved(here, sale)


def test_a_copy_of_an_older_life_of_redis_is_refused(world: Worlds) -> None:
    """A process reads the database, and stalls; meanwhile Redis is warmed, sells, and forgets everything."""
    here = world("s05")
    sale = here.new_sale(units=2)
    forget(here, sale)

    def a_whole_life() -> None:
        here.buy(sale, 1)
        forget(here, sale)

    meanwhile = Meanwhile("SELECT * FROM sales", a_whole_life)
    there = world("s05", watcher=meanwhile, catalog=lambda source, *_: here.shop.catalog)
    there.buy(sale, 2)
    with pytest.raises(SoldOut):
        there.buy(sale, 3)
    assert conserved(here, sale).state == "kept"


# What the back office does.


def test_an_event_told_twice_or_late_counts_once(world: Worlds) -> None:
    shop = world("s05")
    sale = shop.new_sale(units=1)
    older = shop.office.restock(sale.id, 2)
    newer = shop.office.restock(sale.id, 3)
    for event in (newer, older, newer):
        shop.shop.listeners[0](SaleChanged(event.id, event.version, "restocked"))
    assert stock(shop)._counter.adjust(older), "an old row of the sale, too"
    assert left(shop, sale) == 6
    shop.office.restock(sale.id, -4)
    assert (left(shop, sale), conserved(shop, sale).state) == (2, "kept")


def test_a_lost_restock_is_made_up_for_by_the_next_event(world: Worlds) -> None:
    shop = world("s05")
    sale = shop.new_sale(units=1)
    BackOffice(shop.backends.sql).restock(sale.id, 2)  # whose process dies before it tells anybody
    assert left(shop, sale) == 1
    shop.office.change(sale.id, {"price_cents": 99})
    assert (left(shop, sale), conserved(shop, sale).state) == (3, "kept")


def test_a_lost_event_is_caught_up_with_once_the_cached_catalog_is_fresh(world: Worlds, fresh: Fresh) -> None:
    fresh("s05")
    shop = world("s05")
    sale = shop.new_sale(units=1)
    catch_up: Any = shop.shop.services["catch-up"]
    catch_up.look()
    BackOffice(shop.backends.sql).restock(sale.id, 2)
    shop.shop.listeners[1](SaleChanged(sale.id, 0, "restocked"))  # stands for the caches' times to live
    catch_up.look()
    assert (left(shop, sale), conserved(shop, sale).state) == (3, "kept")


def test_units_taken_back_while_they_are_held_are_sold_to_nobody(world: Worlds) -> None:
    shop = world("s05")
    sale = shop.new_sale(units=1)
    held = hold(shop, sale, buyer=1)
    shop.office.restock(sale.id, -1)
    assert left(shop, sale) == -1
    [refused] = shop.shop.buy._ledger.place([held])  # type: ignore[attr-defined]
    assert isinstance(refused, SoldOut)
    stock(shop).release(held)
    assert (left(shop, sale), conserved(shop, sale).state) == (0, "kept")


def test_the_catalog_shows_the_number_that_sells(world: Worlds, clock: HandClock) -> None:
    shop = world("s05")
    sale = shop.new_sale(units=3)
    hold(shop, sale, buyer=1)
    assert shop.row(sale)["stock"] == 3
    assert shop.shop.catalog.get(sale.id) == replace(sale, stock=2)
    forget(shop, sale)
    shop.shop.listeners[1](SaleChanged(sale.id, 0, "changed"))
    assert shop.shop.catalog.get(sale.id) == sale, "without Redis, the row's"


# Races: every order of the steps; of very many, those with two preemptions at most, and a sample.

FEW = 1


def admitted(run: Run) -> int:
    """How many attempts reached the database to write an order."""
    return len({move.actor for move in run.moves if move.step.command.startswith("INSERT INTO orders")})


def admits_no_more_than(units: int) -> Callable[[Run], Verdict]:
    def rule(run: Run) -> Verdict:
        state = "broken" if admitted(run) > units else "kept"
        return Verdict("admission", state, f"{admitted(run)} let through for {units} units")  # type: ignore[arg-type]

    return rule


ONE_UNIT = replace(SCENARIOS["one-unit"], rules=(admits_no_more_than(1),))


@dataclass(frozen=True)
class TellAgain:
    """A process that starts, and an event that is told twice: both warm up and adjust."""

    title: str = "another process"

    def __call__(self, shop: Any, office: BackOffice, scene: Scene) -> object:
        shop.listeners[0](SaleChanged(scene.sale_id, 1, "published"))
        return shop.listeners[0](SaleChanged(scene.sale_id, 1, "restocked"))


MID_SALE = Scenario(
    "mid-sale", "A buyer meets a process that starts", 1, 1, (Press("buyer 1", 1), TellAgain())
)
LAST_OF_TWO = Scenario(
    name="last-of-two",
    title="Sold out, and a buyer meets a restock",
    units=0,
    limit=1,
    actions=(
        Press("buyer 1", buyer=1),
        Desk("back office", lambda office, sale: BackOffice.restock(office, sale, 1)),
    ),
)


def explored(explorer: Explorer, scenario: Scenario, most: int = 924) -> Exploration:
    found = explorer.explore(scenario, most=most)
    found.check_power()
    return found


@pytest.mark.parametrize(
    "scenario",
    [ONE_UNIT, SCENARIOS["two-presses"], SCENARIOS["same-key"], SCENARIOS["two-and-three"], MID_SALE],
    ids=lambda scenario: scenario.name,
)
def test_no_schedule_breaks_anything(explorer: Explorers, scenario: Scenario) -> None:
    found = explored(explorer("s05"), scenario)
    assert found.breaking() == []


@pytest.mark.parametrize("name", ["take-back", "close"])
def test_no_schedule_with_the_back_office_breaks_anything(explorer: Explorers, name: str) -> None:
    assert explored(explorer("s05"), SCENARIOS[name], most=FEW).breaking() == []


def test_a_restock_of_a_sold_out_sale_is_on_sale_when_it_is_over(explorer: Explorers) -> None:
    found = explored(explorer("s05"), LAST_OF_TWO)
    assert {isinstance(run.outcomes["A"], Order) for run in found.runs} == {True, False}
    for run in found.breaking():  # a buyer may have asked before the unit was there: true at that moment
        assert [verdict.sentence for verdict in run.broken] == [
            "false sold-out: 1 left, yet 1 attempts for no more were refused"
        ]
        assert asked_before(run, "A", "adjust.lua")


def asked_before(run: Run, buyer: str, step: str) -> bool:
    """Whether the buyer was refused by Redis before the step was taken."""
    labels = [(move.actor, move.step.command.split()[0]) for move in run.moves]
    return labels.index((buyer, "reserve.lua")) < [label for _, label in labels].index(step)


class RefusesFirstBuyer(GuardedLedger):
    """Says no to buyer 1 of a scenario, after a look at the database."""

    def place(self, batch: Sequence[Reservation]) -> list[Order | Refused]:
        [held] = batch
        if held.attempt.buyer_id != held.attempt.sale_id + 1:
            return super().place(batch)
        with self._sql() as db:
            db.one("SELECT 1")
        return [Busy()]


def test_a_return_meets_a_reservation(explorer: Explorers) -> None:
    found = explored(explorer("s05", ledger=RefusesFirstBuyer), ONE_UNIT_RETURNED)
    assert {isinstance(run.outcomes["B"], Order) for run in found.runs} == {True, False}
    for run in found.breaking():
        assert all(verdict.sentence.startswith("false sold-out") for verdict in run.broken)
        assert asked_before(run, "B", "release.lua")


ONE_UNIT_RETURNED = replace(SCENARIOS["one-unit"], name="returned", title="A return meets a reservation")


def cold_shop(b: Any, **plugs: Any) -> Any:
    """Nobody warms up at publication; and no catalog to ask, whose locks a driver of steps cannot see."""
    return replace(create_shop(b, catalog=lambda source, *_: source, **plugs), listeners=())


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [ONE_UNIT, SCENARIOS["same-key"]], ids=lambda scenario: scenario.name)
def test_two_buyers_of_a_cold_sale_warm_it_once(settings: Settings, scenario: Scenario) -> None:
    with Explorer("s05", cold_shop, settings) as explorer:
        found = explored(explorer, scenario, most=FEW)
    assert found.breaking() == []
    told = [replies(run) for run in found.runs]
    assert {each.count("warmed") for each in told} == {1}
    assert any("warm" in each for each in told), "nobody ever came too late to warm it: nothing is proved"


def replies(run: Run) -> list[str]:
    return [reply for move in run.moves for reply in move.replies.values()]


# Foils.


def test_get_then_decr_lets_two_through_for_one_unit(explorer: Explorers) -> None:
    assert explored(explorer("s05", stock=GetThenDecr), ONE_UNIT, most=FEW).breaking("admission")


def test_decr_then_incr_says_sold_out_of_what_is_there(explorer: Explorers) -> None:
    broken = explored(explorer("s05", stock=DecrThenIncr), SCENARIOS["two-and-three"]).breaking("conserved")
    assert any("false sold-out" in verdict.sentence for verdict in broken[0].broken)


def test_a_lock_with_a_lease_shorter_than_the_work_is_no_lock(world: Worlds) -> None:
    """A looks, and is slow. Its lease ends; B buys; A writes what it had computed, and deletes C's lock."""
    there = world("s05", stock=DistributedLock)
    sale = there.new_sale(units=3)
    lock = there.backends.keys(sale.id, "lock")

    def lease_ends_and_another_buys() -> None:
        eventually(lambda: not there.backends.stock.exists(lock))
        there.buy(sale, 2)
        there.backends.stock.set(lock, "C's")

    slow = Meanwhile("HGET", lease_ends_and_another_buys)
    here = world("s05", stock=DistributedLock, watcher=slow)
    here.buy(sale, 1)
    assert slow.happened
    assert conserved(here, sale).sentence == "2 sold and 2 left make 4 of 3: 1 from nowhere in Redis"
    assert not here.backends.stock.exists(lock), "deleted by one who did not own it"


@pytest.mark.parametrize(("kind", "takes"), [(RedisStock, 1), (WithoutRequestKey, 2)])
def test_a_lost_reply_takes_one_unit_or_without_a_request_key_two(
    lab: Lab, world: Worlds, settings: Settings, kind: type[RedisStock], takes: int
) -> None:
    """ONE call, sent twice because its reply was lost."""
    shop = world("s05", stock=kind)
    sale = shop.new_sale(units=5)
    hold(shop, shop.new_sale(units=1), buyer=1)  # the script is loaded: what gets lost is its answer
    with Proxy(lab.redis.tcp) as proxy:
        through = replace(settings, redis_url="redis://{}:{}/0".format(*proxy.address))
        cut = World("s05", through, shop.clock, stock=kind)
        cut.backends.stock.ping()
        proxy.lose_next_reply()
        hold(cut, sale, buyer=1)
        cut.close()
        assert proxy.lost == 1
    assert left(shop, sale) == 5 - takes


def test_a_redis_that_stays_away_is_an_unknown_outcome(world: Worlds, settings: Settings) -> None:
    sale = (shop := world("s05")).new_sale(units=1)
    away = World("s05", replace(settings, redis_url="redis://127.0.0.1:1/0"), shop.clock)
    with pytest.raises(Disconnected):
        away.buy(sale, 1)
    away.close()


# The web.


def test_a_press_sent_again_is_answered_with_the_same_order(fresh: Fresh, make_app: MakeApp) -> None:
    fresh("s05")
    site = Site(make_app("s05"))
    sale, buyer, key = site.sale(units=2), site.buyer(), {"Idempotency-Key": "k"}
    first, second = (site.buy(sale, buyer, headers=key) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json == second.json
    assert first.headers["Location"] == second.headers["Location"]
    other = site.buy(sale, buyer, quantity=2, headers=key)
    assert (other.status_code, other.json["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert site.buy(sale, site.buyer(), headers=key).status_code == 201, (
        "another buyer's key is another press"
    )
    assert site.call("GET", f"/api/sales/{sale.id}").json["left"] == 0


# The keys.

COPIES = ("{sale:", "{index}")  # what s03 keeps


def keys_of_the_only_sale(shop: World) -> set[str]:
    """Every key that the stage has in Redis but s03's copies, whatever it is called."""
    copies = tuple(map(shop.backends.keys.shared, COPIES))
    names = [key.decode() for key in shop.backends.stock.keys(f"{shop.stage.code}:*")]
    return {name for name in names if not name.startswith(copies)}


def test_all_keys_of_a_sale_have_its_hash_tag(fresh: Fresh, world: Worlds) -> None:
    fresh("s05")
    shop = world("s05")
    sale = shop.new_sale(units=1)
    shop.buy(sale, 1)
    assert keys_of_the_only_sale(shop) == {
        f"s05:{{{sale.id}}}:{name}" for name in ("stock", "bought", "requests")
    }
