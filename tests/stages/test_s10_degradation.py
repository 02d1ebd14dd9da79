"""s10: budget, breaker, guards, compartments, a limit that adapts, fallback data, switches, and the pages."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from functools import partial
from typing import Any

import pymysql
import pytest
import redis as redis_py
from redis import Redis

from common.backends import Keys
from common.demo.contest import open_sale
from common.lab import Lab
from common.proof import usual
from common.proof.proxy import Proxy
from common.proof.steps import Recorder, Step
from common.running import WEB_PROCESSES, Running
from common.shop import (
    Attempt,
    Busy,
    LastKnownSale,
    Order,
    Outcome,
    Refused,
    Sale,
    Switchboard,
    Ticket,
    Unclear,
)
from stages.s03_cache.shared import LEASE
from stages.s08_rate_limits.limiter import SlidingLog
from stages.s10_degradation import foils
from stages.s10_degradation.breaker import FAILURES, REST, Breaker
from stages.s10_degradation.budget import CALL, SIGNING_IN, WHOLE, TimeBudget, WholeRequest
from stages.s10_degradation.bulkhead import Bulkhead, Full
from stages.s10_degradation.fallback import SIZE, LastKnownCatalog
from stages.s10_degradation.gates import UNKNOWN, Switched, busy
from stages.s10_degradation.shedding import AdaptiveLimit, Shedding
from stages.s10_degradation.switches import LiveSwitches, read
from tests.conftest import Fresh, MakeApp
from tests.edge import Answer, Run, ask, press
from tests.stalling import Stalling, Stallings
from tests.web.conftest import Site
from tests.web.test_bad_inputs import check_problem
from tests.world import HandClock, World

Worlds = Callable[..., World]
PATIENCE = 20.0  # seconds for what takes less than one
BOUND = 4.0  # seconds: without a budget it would be five at least; with one it is less than one


# The budget.


def hang(budget: TimeBudget, clock: HandClock) -> int:
    """Calls, one after the other, that all hang for as long as they may; how many began."""
    calls = 0
    while (seconds := budget.for_a_call() or 0) > 0 and calls < 100:
        calls += 1
        clock.forward(seconds)
    return calls


def test_calls_that_hang_share_one_budget(clock: HandClock) -> None:
    began, budget = clock.now, TimeBudget(clock)
    with budget.request():
        assert hang(budget, clock) == 3
    assert clock.now - began == timedelta(seconds=WHOLE)


def test_a_timeout_for_each_call_adds_up(clock: HandClock) -> None:
    began, foil = clock.now, foils.TimeoutForEachCall(clock)
    with foil.request():
        assert hang(foil, clock) == 100
    assert clock.now - began > timedelta(seconds=10 * WHOLE)


def test_what_is_left_is_less_of_the_request_the_deadline_and_what_is_around(clock: HandClock) -> None:
    budget = TimeBudget(clock)
    assert budget.left() is None
    with budget.request():
        assert budget.left() == WHOLE
        with budget.request(clock() + timedelta(seconds=0.1)):
            assert budget.left() == budget.for_a_call() == pytest.approx(0.1)
            with TimeBudget(clock, whole=60).request():
                assert budget.left() == pytest.approx(0.1)
        assert (budget.left(), budget.for_a_call()) == (WHOLE, CALL)
        with ThreadPoolExecutor(1) as other:
            assert other.submit(budget.left).result() is None, "another thread serves another request"
    assert budget.left() is None


class App:
    """A WSGI app that says how much time it has."""

    def __init__(self, clock: HandClock) -> None:
        self.budget = TimeBudget(clock)
        self.left: float | None = None

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        self.left = self.budget.left()
        return []


@pytest.mark.parametrize(
    ("environ", "left"),
    [
        ({"PATH_INFO": "/"}, WHOLE),
        ({"PATH_INFO": "/", "HTTP_X_REQUEST_START": "{before:.3f}"}, WHOLE - 0.5),
        ({"PATH_INFO": "/", "HTTP_X_REQUEST_START": "{before:.3f}", "REMOTE_ADDR": "10.0.0.1"}, WHOLE),
        ({"PATH_INFO": "/", "HTTP_X_REQUEST_START": "99999999999"}, WHOLE),
        ({"PATH_INFO": "/", "HTTP_X_REQUEST_START": "soon"}, WHOLE),
        ({"PATH_INFO": "/", "HTTP_X_REQUEST_START": "nan"}, WHOLE),
        ({"PATH_INFO": "/", "HTTP_X_REQUEST_START": "1e999"}, WHOLE),
        ({"PATH_INFO": "/login"}, SIGNING_IN),
        ({"PATH_INFO": "/admin"}, None),
        ({"PATH_INFO": "/api/admin/sales"}, None),
    ],
)
def test_the_time_before_a_thread_was_free_counts_if_the_edge_says_so(
    clock: HandClock, environ: dict[str, str], left: float | None
) -> None:
    before = clock.now.timestamp() - 0.5
    app = App(clock)
    list(WholeRequest(app, clock)({name: text.format(before=before) for name, text in environ.items()}, None))
    assert app.left == pytest.approx(left, abs=0.002) if left else app.left is None


# The breaker.


def broken(kind: type[Breaker], clock: HandClock) -> Breaker:
    breaker = kind(clock)
    for _ in range(FAILURES):
        assert breaker.lets_through()
        breaker.failed()
    return breaker


def test_a_breaker_goes_round(clock: HandClock) -> None:
    breaker = broken(Breaker, clock)
    assert (breaker.state, breaker.lets_through()) == ("open", False)
    clock.forward(REST)
    assert breaker.state == "half-open"
    assert breaker.lets_through()
    breaker.failed()
    assert (breaker.state, breaker.lets_through()) == ("open", False)
    clock.forward(REST)
    assert breaker.lets_through()
    breaker.worked()
    assert (breaker.state, breaker.lets_through()) == ("closed", True)


def test_only_failures_in_a_row_open_it(clock: HandClock) -> None:
    breaker = Breaker(clock)
    for _ in range(10):
        for _ in range(FAILURES - 1):
            breaker.failed()
        breaker.worked()
    assert breaker.state == "closed"


def test_a_probe_of_which_nothing_is_heard_costs_one_rest(clock: HandClock) -> None:
    breaker = broken(Breaker, clock)
    clock.forward(REST)
    assert breaker.lets_through()
    assert not breaker.lets_through()
    clock.forward(REST)
    assert breaker.lets_through()


@pytest.mark.parametrize(("kind", "probes"), [(Breaker, 1), (foils.ProbesWithEverybody, 8)])
def test_of_all_who_come_when_the_rest_is_over_one_is_the_probe(
    clock: HandClock, kind: type[Breaker], probes: int
) -> None:
    breaker = broken(kind, clock)
    clock.forward(REST)
    barrier = threading.Barrier(8)

    def come(_: int) -> bool:
        barrier.wait(PATIENCE)
        return breaker.lets_through()

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(come, range(8))) == probes


# The guards, before real servers.


def silence(stalling: Stalling, times: int = FAILURES) -> list[Refused]:
    """Redis stalls, and so many presses find out."""
    sale = stalling.shop.new_sale(units=5)
    presses = [stalling.shop.attempt(sale, buyer) for buyer in range(1, times + 1)]
    stalling.proxies["Redis"].stall()
    return [refused(stalling, press) for press in presses]


def refused(stalling: Stalling, press: Attempt) -> Refused:
    with pytest.raises((Busy, Unclear)) as told:
        stalling.shop.shop.buy(stalling.renewed(press))
    return told.value


def test_once_it_is_known_that_redis_is_silent_nobody_asks_it(stalling: Stallings) -> None:
    heard = Recorder()
    stalled = stalling("s10", watcher=heard)
    silence(stalled)
    sale = stalled.shop.shop.catalog.list()[0]
    heard.steps.clear()
    press = usual_press(stalled, sale)
    for _ in range(20):
        assert refused(stalled, press).retry_after
    assert heard.steps == []
    assert stalled.shop.shop.silent() == ["stock"]
    stalled.proxies["Redis"].resume()
    stalled.clock.forward(REST)
    stalled.shop.shop.catalog.list()  # whoever comes first is the probe
    assert stalled.shop.shop.silent() == []


def usual_press(stalling: Stalling, sale: Sale) -> Attempt:
    return usual.attempt(sale.id, 77, stalling.clock())


def test_who_serves_no_request_is_not_held_back(stalling: Stallings) -> None:
    """No buyer waits for a consumer: its calls are made while the breaker is open, and wait as before."""
    stalled = stalling("s10")
    silence(stalled)
    stalled.proxies["Redis"].resume()
    assert stalled.shop.shop.silent() == ["stock"]
    budget = TimeBudget(stalled.clock)
    with budget.request(), pytest.raises(redis_py.TimeoutError):
        stalled.shop.backends.stock.ping()
    assert stalled.shop.backends.stock.ping()


def test_a_no_is_an_answer(world: Worlds) -> None:
    """Errors of a server that answers open no breaker."""
    shop = world("s10")
    with TimeBudget(shop.clock).request():
        for _ in range(2 * FAILURES):
            with pytest.raises(redis_py.ResponseError):
                shop.backends.stock.execute_command("NONSENSE")
            with shop.backends.sql() as db, pytest.raises(pymysql.MySQLError):
                db.one("SELECT nonsense")
    assert shop.shop.silent() == []


def test_a_call_with_hardly_any_time_says_nothing_about_the_server(stalling: Stallings) -> None:
    stalled = stalling("s10")
    stalled.shop.backends.stock.ping()
    budget = TimeBudget(stalled.clock)
    stalled.proxies["Redis"].stall()
    for _ in range(2 * FAILURES):
        with (
            budget.request(stalled.clock() + timedelta(seconds=CALL / 4)),
            pytest.raises(redis_py.TimeoutError),
        ):
            stalled.shop.backends.stock.ping()
    assert stalled.shop.shop.silent() == []


@pytest.mark.parametrize("number", range(3))
def test_no_answer_is_ever_taken_for_that_to_another_question(stalling: Stallings, number: int) -> None:
    """What was given up is still on its way when the next call is made."""
    stalled = stalling("s10")
    stock, key = stalled.shop.backends.stock, f"test-{number}"
    stock.set(key, "old")
    stalled.proxies["Redis"].stall()
    with TimeBudget(stalled.clock).request(), pytest.raises(redis_py.TimeoutError):
        stock.get(key)
    stalled.proxies["Redis"].resume()
    stock.set(key, "new")
    assert stock.get(key) == b"new"


@pytest.mark.parametrize("server", ["Redis", "MariaDB"])
def test_a_connection_is_opened_in_time_or_not_at_all(stalling: Stallings, server: Any) -> None:
    stalled = stalling("s10")
    stalled.shop.backends.pool.close()
    stalled.shop.backends.stock.connection_pool.disconnect()
    stalled.proxies[server].stall()
    began = time.monotonic()
    with TimeBudget(stalled.clock).request(), pytest.raises((redis_py.TimeoutError, pymysql.MySQLError)):
        if server == "Redis":
            stalled.shop.backends.stock.ping()
        else:
            with stalled.shop.backends.sql() as db:
                db.one("SELECT 1")
    assert time.monotonic() - began < 4  # without a budget it would be five, or ten
    stalled.proxies[server].resume()
    with stalled.shop.backends.sql() as db:
        assert db.one("SELECT 1 AS one") == {"one": 1}
        assert db._connection._read_timeout == 10, "who has time waits as before"  # type: ignore[attr-defined]


class Stalls(Recorder):
    """Has Redis stall when the press comes to the step that takes the unit."""

    stalling: Stalling | None = None

    def before(self, step: Step) -> None:
        super().before(step)
        if self.stalling and "journal" in step.label:
            self.stalling.proxies["Redis"].stall()


def test_a_press_that_is_given_up_is_unknown_and_the_same_press_gets_its_answer(stalling: Stallings) -> None:
    """The command is on its way when its caller gives up, and is carried out later: the unit is not lost."""
    heard = Stalls()
    stalled = stalling("s10", watcher=heard)
    shop = stalled.shop
    sale = shop.new_sale(units=1)
    press = shop.attempt(sale, buyer=1)
    heard.stalling = stalled
    told = refused(stalled, press)
    heard.stalling = None
    assert (told.type, told.detail, told.status) == ("busy", UNKNOWN, 503)
    assert "taken" not in told.members
    stalled.proxies["Redis"].resume()
    outcome = until_taken(stalled, press)
    assert isinstance(shop.end_of(outcome), Order)
    assert len(shop.orders(sale)) == 1
    assert shop.broken(sale) == ""


def until_taken(stalling: Stalling, press: Attempt) -> Outcome:
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        try:
            return stalling.shop.shop.buy(stalling.renewed(press))
        except (Busy, Unclear):
            time.sleep(0.02)
    raise AssertionError("it is never taken")


@pytest.mark.parametrize(("limiter", "asked"), [(SlidingLog, 1), (foils.TriesAgain, 3)])
def test_trying_again_multiplies_the_load_on_what_is_down(
    stalling: Stallings, limiter: type[SlidingLog], asked: int
) -> None:
    """So many calls one single press makes to a Redis that is silent."""
    failures: list[int] = []

    class Counting(Breaker):
        def failed(self) -> None:
            super().failed()
            failures.append(1)

    stalled = stalling("s10", limiter=limiter, breaker=Counting)
    press = stalled.shop.attempt(stalled.shop.new_sale(units=5), buyer=1)
    stalled.proxies["Redis"].stall()
    refused(stalled, press)
    stalled.proxies["Redis"].resume()
    assert len(failures) == asked


# Compartments.


def test_a_compartment_leaves_a_thread_to_its_neighbours() -> None:
    bulkhead = Bulkhead(threads=3, patience=0)
    with bulkhead.place("a"), bulkhead.place("a"):
        with pytest.raises(Full), bulkhead.place("a"):
            pass
        with bulkhead.place("b"):
            pass
    with bulkhead.place("a"):
        pass
    assert not bulkhead._inside, "nobody is inside, and nothing is kept"


def test_one_too_many_waits_as_long_as_people_come_out() -> None:
    bulkhead = Bulkhead(threads=2, patience=PATIENCE)
    inside, out, waiting = threading.Event(), threading.Event(), threading.Event()

    def hold() -> None:
        with bulkhead.place("a"):
            inside.set()
            out.wait(PATIENCE)

    def come() -> bool:
        waiting.set()
        with bulkhead.place("a"):
            return out.is_set()

    with ThreadPoolExecutor(2) as threads:
        threads.submit(hold)
        inside.wait(PATIENCE)
        second = threads.submit(come)
        waiting.wait(PATIENCE)
        out.set()
        assert second.result(PATIENCE)


def test_who_leaves_in_a_hurry_gives_the_place_back() -> None:
    bulkhead = Bulkhead(threads=2, patience=0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), bulkhead.place("a"):
            raise ZeroDivisionError


# The limit that adapts.


def rounds(limit: AdaptiveLimit, clock: HandClock, seconds_each: float, times: int) -> list[float]:
    """As many as get in, all at once; each takes `seconds_each` for each that is under way."""
    seen = []
    for _ in range(times):
        inside = 0
        while limit.enter():
            inside += 1
        clock.forward(inside * seconds_each)
        for _ in range(inside):
            limit.leave(in_time=inside * seconds_each <= WHOLE / 2)
        seen.append(limit.limit)
    return seen


def test_the_limit_finds_what_the_shop_can_do_and_finds_it_again(clock: HandClock) -> None:
    """Where each press takes 40 ms for each that is under way, ten of them are in time."""
    limit = AdaptiveLimit(clock, most=64)
    slow = rounds(limit, clock, seconds_each=0.04, times=60)
    assert all(5 <= each <= 12 for each in slow[30:]), slow
    slower = rounds(limit, clock, seconds_each=0.2, times=60)
    assert all(1 <= each < 4 for each in slower[30:]), slower
    quick = rounds(limit, clock, seconds_each=0.001, times=200)
    assert quick[-1] == 64


def test_the_limit_never_closes(clock: HandClock) -> None:
    limit = AdaptiveLimit(clock, most=4)
    assert rounds(limit, clock, seconds_each=100, times=50)[-1] == 1
    assert limit.enter()


@pytest.mark.parametrize("limit", [1.0, 1.9, 2.0, 2.9, 3.0, 3.5])
def test_one_after_the_other_raises_a_low_limit_or_two_at_once_are_let_in(
    clock: HandClock, limit: float
) -> None:
    """At the door too, which has a share only: a limit that was lowered once does not stay where it is."""
    adaptive = AdaptiveLimit(clock, most=4)
    adaptive.limit = limit
    assert adaptive.enter(spare=1)
    two = adaptive.enter(spare=1)
    for _ in range(1 + two):
        adaptive.leave(in_time=True)
    assert adaptive.limit > limit


def test_a_limit_that_nobody_comes_near_is_not_raised(clock: HandClock) -> None:
    limit = AdaptiveLimit(clock, most=64)
    rounds(limit, clock, seconds_each=0.04, times=50)
    low = limit.limit
    for _ in range(100):
        assert limit.enter()
        limit.leave(in_time=True)
    assert limit.limit == low > 2


def test_who_has_waited_too_long_is_sent_away_before_any_work(clock: HandClock) -> None:
    budget = TimeBudget(clock)
    shedding = Shedding(budget, AdaptiveLimit(clock, most=4))
    worked = []
    with budget.request():
        clock.forward(WHOLE / 2 + 0.01)
        with pytest.raises(Busy) as told:
            shedding(press_of(clock), worked.append)  # type: ignore[arg-type, return-value]
    assert not worked
    assert told.value.retry_after
    assert told.value.members == {"taken": False}
    assert shedding(press_of(clock), lambda _: "taken") == "taken"  # type: ignore[arg-type, return-value]


def press_of(clock: HandClock) -> Attempt:
    return usual.attempt(7, 1, clock())


def test_not_all_come_back_at_once(clock: HandClock) -> None:
    waits = [busy("").retry_after for _ in range(100)]
    assert all(wait and 1 <= wait <= 3 for wait in waits)
    assert len(set(waits)) > 50


# Fallback data.


class Source:
    """A catalog that is there, or not."""

    away = False

    def __init__(self, sale: Sale) -> None:
        self.sale = sale
        self.reads = 0

    def get(self, sale_id: int) -> Sale | None:
        self.reads += 1
        if self.away:
            raise redis_py.ConnectionError
        return self.sale if sale_id == self.sale.id else None

    def list(self) -> list[Sale]:
        sale = self.get(self.sale.id)
        return [sale] if sale else []


@pytest.fixture
def source(clock: HandClock) -> Source:
    return Source(usual.published(7, clock(), units=5, limit=1))


@pytest.fixture
def catalog(source: Source, clock: HandClock) -> LastKnownCatalog:
    return LastKnownCatalog(source, clock, TimeBudget(clock), Breaker(clock, failures=1))


def test_what_was_known_last_is_told_and_marked(
    source: Source, catalog: LastKnownCatalog, clock: HandClock
) -> None:
    fresh, known_at = catalog.get(7), clock.now
    assert (fresh, catalog.list(), catalog.get(8)) == (source.sale, [source.sale], None)
    assert not isinstance(fresh, LastKnownSale)
    source.away = True
    clock.forward(60)
    old = catalog.get(7)
    assert isinstance(old, LastKnownSale)
    assert (old.known_at, old.title, old.stock) == (known_at, source.sale.title, 5)
    [listed] = catalog.list()
    assert isinstance(listed, LastKnownSale)
    assert catalog.get(8) is None


def test_what_was_never_asked_is_not_made_up(source: Source, catalog: LastKnownCatalog) -> None:
    source.away = True
    with pytest.raises(redis_py.ConnectionError):
        catalog.get(7)


def test_one_reader_in_a_while_tries_and_the_others_do_not_wait(
    source: Source, catalog: LastKnownCatalog, clock: HandClock
) -> None:
    catalog.get(7)
    source.away, source.reads = True, 0
    for _ in range(20):
        catalog.get(7)
    assert source.reads == 1
    clock.forward(REST)
    for _ in range(20):
        catalog.get(7)
    assert source.reads == 2
    source.away = False
    clock.forward(REST)
    assert not isinstance(catalog.get(7), LastKnownSale)
    assert not isinstance(catalog.list()[0], LastKnownSale)


def test_it_does_not_remember_for_ever(source: Source, catalog: LastKnownCatalog) -> None:
    for number in range(SIZE + 100):
        catalog.get(number)
    assert len(catalog._known) == SIZE


# The switches.


def switches_of(shop: World) -> LiveSwitches:
    assert isinstance(shop.shop.switches, LiveSwitches)
    return shop.shop.switches


@pytest.fixture
def two(fresh: Fresh, world: Worlds) -> Iterator[tuple[World, World]]:
    """Two processes of one shop, and the switches as usual."""
    fresh("s10")
    here, there = world("s10"), world("s10")
    yield here, there
    here.backends.stock.delete(here.backends.keys.shared("switches"))


def told(shop: World, sale: Sale, buyer: int) -> str:
    try:
        return type(shop.shop.buy(shop.attempt(sale, buyer))).__name__
    except Refused as refusal:
        return refusal.detail


def test_a_switch_is_obeyed_in_every_process(two: tuple[World, World]) -> None:
    here, there = two
    sale = here.new_sale(units=5)
    switches_of(here).change({"buying": False})
    assert "paused" in told(here, sale, 1)
    stop = threading.Event()
    thread = threading.Thread(target=switches_of(there).run, args=(stop.is_set,))
    thread.start()
    try:
        until(lambda: not switches_of(there).now().buying)
        assert "paused" in told(there, sale, 2)
        switches_of(here).change({"buying": True})
        until(lambda: switches_of(there).now().buying)
        assert told(there, sale, 2) == "Ticket"
    finally:
        stop.set()
        thread.join()


def until(true: Callable[[], object]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_each_switch_does_what_it_says(two: tuple[World, World]) -> None:
    here, _ = two
    switches = switches_of(here)
    sale = here.new_sale(units=9)
    switches.change({"read_only": True})
    assert "paused" in told(here, sale, 1)
    switches.change({"read_only": False, "shed": 100})
    assert "sent away" in told(here, sale, 1)
    switches.change({"shed": 0, "queueing": False})
    assert told(here, sale, 1) == "Ticket", "nobody waits before this one"
    assert "may wait" in told(here, sale, 2)
    switches.change({"queueing": True})
    assert told(here, sale, 2) == "Ticket"


def test_so_many_of_a_hundred_are_sent_away(clock: HandClock) -> None:
    class Fixed:
        def now(self) -> Switchboard:
            return Switchboard(shed=30)

        show = now

        def change(self, changes: Any) -> None: ...

    draws = iter(number / 100 for number in range(100))
    gate = Switched(Fixed(), Redis(), Keys("s10"), draw=lambda: next(draws))
    sent_away = 0
    for _ in range(100):
        try:
            gate(press_of(clock), lambda _: "taken")  # type: ignore[arg-type, return-value]
        except Busy:
            sent_away += 1
    assert sent_away == 30


@pytest.mark.parametrize(("kind", "obeyed"), [(LiveSwitches, True), (foils.AsksEachTime, False)])
def test_what_was_switched_holds_while_redis_is_silent(
    stalling: Stallings, kind: type[LiveSwitches], obeyed: bool
) -> None:
    """The hour for which switches are made. Whoever has to ask for them has none then."""
    stalled = stalling("s10", switches=kind)
    switches = stalled.shop.shop.switches
    assert switches
    try:
        switches.change({"buying": False})
        stalled.proxies["Redis"].stall()
        with TimeBudget(stalled.clock).request():
            assert switches.now().buying is not obeyed
    finally:
        stalled.proxies["Redis"].resume()
        stalled.shop.backends.stock.delete(stalled.shop.backends.keys.shared("switches"))


@pytest.mark.parametrize(
    "kept",
    [{}, {b"colour": b"1"}, {b"buying": b"perhaps"}, {b"shed": b"-5"}, {b"shed": b""}, {b"\xff": b"\xff"}],
)
def test_what_is_no_switch_of_ours_is_not_obeyed(kept: dict[bytes, bytes]) -> None:
    assert read(kept) == Switchboard()


# The API and the pages.


@pytest.fixture
def site(fresh: Fresh, make_app: MakeApp) -> Iterator[Site]:
    fresh("s10")
    site = Site(make_app("s10"))
    yield site
    site.context.backends.stock.delete(site.context.backends.keys.shared("switches"))


def test_the_back_office_sees_and_sets_the_switches(site: Site) -> None:
    usual = {"buying": True, "queueing": True, "read_only": False, "shed": 0}
    assert site.call("GET", "/api/admin/switches", site.admin).json == {"switches": usual}
    answer = site.call("PATCH", "/api/admin/switches", site.admin, json={"shed": 25, "queueing": False})
    assert answer.json == {"switches": {**usual, "shed": 25, "queueing": False}}
    assert site.call("GET", "/api/admin/switches", site.admin).json == answer.json


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"colour": True}, "colour"),
        ({"buying": 1}, "buying"),
        ({"buying": None}, "buying"),
        ({"shed": 101}, "shed"),
        ({"shed": -1}, "shed"),
        ({"shed": True}, "shed"),
        ({"shed": 0.5}, "shed"),
    ],
)
def test_a_switch_that_cannot_be_is_refused_by_name(site: Site, body: object, field: str) -> None:
    answer = site.call("PATCH", "/api/admin/switches", site.admin, json=body)
    assert answer.status_code == 422
    check_problem(answer)
    assert answer.json["errors"][0]["field"] == field
    assert site.context.shop.switches.now() == Switchboard()


def test_only_an_admin_may_look_or_switch(site: Site) -> None:
    for method in ("GET", "PATCH"):
        body = {"json": {"shed": 1}} if method == "PATCH" else {}
        assert site.call(method, "/api/admin/switches", **body).status_code == 401
        assert site.call(method, "/api/admin/switches", site.buyer(), **body).status_code == 403


def test_a_stage_without_switches_says_which_one_has_them(make_app: MakeApp) -> None:
    before = Site(make_app("s09"))
    answer = before.call("GET", "/api/admin/switches", before.admin)
    assert (answer.status_code, answer.json["stage"]) == (501, "s10")


def test_read_only_holds_for_the_back_office_and_not_for_the_switch_itself(site: Site) -> None:
    sale = site.sale()
    site.call("PATCH", "/api/admin/switches", site.admin, json={"read_only": True})
    for method, path, body in (
        ("POST", f"/api/admin/sales/{sale.id}/close", {}),
        ("PATCH", "/api/admin/limits", {"json": {"buyer": None}}),
        ("PATCH", "/api/admin/door", {"json": {"bits": 0}}),
    ):
        answer = site.call(method, path, site.admin, **body)
        assert (answer.status_code, answer.json["code"]) == (503, "busy")
        assert answer.headers["Retry-After"] == "5"
    assert site.call("GET", f"/api/sales/{sale.id}").json["state"] == "published"
    assert site.call("PATCH", "/api/admin/switches", site.admin, json={"read_only": False}).status_code == 200
    assert site.call("POST", f"/api/admin/sales/{sale.id}/close", site.admin).status_code == 200


def test_old_data_say_so_in_the_api_and_on_the_pages(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    sale = site.sale()
    path = f"/api/sales/{sale.id}"
    assert "stale" not in site.call("GET", path).json
    site.call("GET", "/")

    def away(*_: object) -> None:
        raise redis_py.ConnectionError

    monkeypatch.setattr(site.context.shop.catalog._catalog, "get", away)  # type: ignore[attr-defined]
    monkeypatch.setattr(site.context.shop.catalog._catalog, "list", away)  # type: ignore[attr-defined]
    answer = site.call("GET", path)
    assert answer.status_code == 200
    assert answer.json["stale"].endswith("Z")
    assert answer.json["title"] == sale.title
    for page in ("/", f"/sales/{sale.id}?plain=1"):
        text = site.call("GET", page).text
        assert "We cannot ask at the moment" in text
        assert "data-stale hidden" not in text


def test_a_page_says_what_does_not_answer(stalling: Stallings, make_app: MakeApp) -> None:
    """While MariaDB is silent a ticket says why it waits, and the orders say that they are behind."""
    stalled = stalling("s10")
    site = Site(make_app("s10", settings=stalled.shop.backends.settings))
    sale, buyer = stalled.shop.new_sale(units=5), site.buyer()
    ticket = stalled.shop.shop.buy(stalled.shop.attempt(sale, buyer.id))
    assert site.call("GET", "/").status_code == 200
    budget = TimeBudget(site.context.backends.clock)
    stalled.proxies["MariaDB"].stall()
    try:
        for _ in range(FAILURES):
            with budget.request():
                orders = site.call("GET", "/orders", buyer)
        with budget.request():
            waiting = site.call("GET", f"/tickets/{ticket.id}", buyer)
    finally:
        stalled.proxies["MariaDB"].resume()
    assert (orders.status_code, waiting.status_code) == (503, 200)
    assert sale.title in waiting.text
    for page in (orders, waiting):
        assert "your orders are written a little later" in page.text


@pytest.mark.parametrize("code", ["s09", "s10"])
def test_who_joins_a_read_of_the_background_waits_no_longer_than_for_one_of_a_request(
    stalling: Stallings, code: str
) -> None:
    """Of all who read the same at once one reads, and that may be a service, which no buyer waits for."""
    stalled = stalling(code)
    shop, sale = stalled.shop.shop, stalled.shop.new_sale(units=5)
    assert shop.catalog.get(sale.id)
    cached = shop.catalog._catalog if code == "s10" else shop.catalog  # type: ignore[attr-defined]
    stalled.forget_what_was_read()
    stalled.proxies["Redis"].stall()
    try:
        with ThreadPoolExecutor(2) as threads:
            threads.submit(shop.services["catch-up"].look)  # type: ignore[attr-defined]
            until(lambda: cached._local._flights)
            answered = wait([threads.submit(shop.catalog.get, sale.id)], BOUND).done
            stalled.proxies["Redis"].resume()
    finally:
        stalled.proxies["Redis"].resume()
    assert bool(answered) == (code == "s10")


def test_who_knows_nothing_yet_outlasts_a_reader_that_died() -> None:
    """Who has waited in vain for its lease (s03) has time left for a call of their own."""
    assert LEASE + CALL <= WHOLE


# What is warmed up, and what stands before it all.


def test_a_cold_sale_is_warmed_up_by_nobody_who_waits(world: Worlds) -> None:
    shop = world("s10")
    sale = shop.new_sale(units=3)
    shop.buy(sale, 1)
    names = [shop.backends.keys(sale.id, name) for name in ("stock", "bought", "requests", "epoch")]
    shop.backends.stock.delete(*names)
    shop.shop.services["warm"].look()  # type: ignore[attr-defined]
    assert shop.backends.stock.hget(names[0], "left") == b"2"


def test_the_door_opens_for_new_accounts_while_mariadb_is_silent(stalling: Stallings) -> None:
    """Nobody knows how old they are, so they are taken for new: more work, and not no entry."""
    stalled = stalling("s10", budget=partial(TimeBudget, whole=PATIENCE))
    shop = stalled.shop.shop
    sale = stalled.shop.new_sale(units=5)
    assert shop.doorkeeper
    shop.doorkeeper.change({"young_account": 10, "bits": 2})
    shop.catalog.list()
    stalled.forget_what_was_read()
    try:
        stalled.proxies["MariaDB"].stall()
        press = usual.let_in(shop, usual.attempt(sale.id, 987, stalled.clock()))
        assert isinstance(shop.buy(stalled.renewed(press)), Ticket)
    finally:
        stalled.proxies["MariaDB"].resume()
        shop.doorkeeper.change({"young_account": 0, "bits": 0})


# All of it: a real shop, with its processes, whose servers stall behind proxies.

READERS = 12  # more than the shop has threads


@pytest.fixture(scope="module")
def stalled_shop(lab: Lab, run: Run) -> Iterator[tuple[Running, Proxy, Proxy]]:
    with Proxy(lab.mysql.tcp) as mysql, Proxy(lab.redis.tcp) as redis:
        through = {
            "MYSQL_URL": "mysql://root@{}:{}/".format(*mysql.address),
            "REDIS_URL": "redis://{}:{}/0".format(*redis.address),
        }
        running = run("s10", more_env=through)
        running.admin("PATCH", "/api/admin/door", {"bits": 0, "refuse_from": 0})
        running.admin("PATCH", "/api/admin/limits", {"buyer": None})
        yield running, mysql, redis


def timed(running: Running, method: str, path: str, body: object = None) -> tuple[Answer, float]:
    """One request of a buyer, and how long it took."""
    headers = {"Authorization": f"Bearer {running.buyer_token(1)}", "Content-Type": "application/json"}
    began = time.monotonic()
    answer = ask(running.url + path, method, json.dumps(body) if body is not None else None, headers)
    return answer, time.monotonic() - began


def crowd_of(running: Running, sale_id: int) -> list[tuple[Answer, float]]:
    """Many who look, and some who want to buy, all at once."""
    paths = ["/api/sales", "/api/orders", "/?x=1"] * (READERS // 3)
    with ThreadPoolExecutor(READERS + 4) as threads:
        asked = [threads.submit(timed, running, "GET", path) for path in paths]
        asked += [threads.submit(timed, running, "POST", f"/api/sales/{sale_id}/entry", {}) for _ in range(4)]
        return [each.result() for each in asked]


@pytest.mark.parametrize("server", ["MariaDB", "Redis"])
def test_a_real_shop_answers_everybody_while_a_server_stalls(
    stalled_shop: tuple[Running, Proxy, Proxy], server: str
) -> None:
    running, mysql, redis = stalled_shop
    proxy = mysql if server == "MariaDB" else redis
    sale_id = open_sale(running, units=50, limit=50)
    until(lambda: press(running, sale_id).status == 202)
    for _ in range(4 * WEB_PROCESSES):  # each process has seen the list
        timed(running, "GET", "/api/sales")
    proxy.stall()
    try:
        told = [answer for _ in range(3) for answer in crowd_of(running, sale_id)]
        pressed = [press(running, sale_id).status for _ in range(5)]
    finally:
        proxy.resume()
    assert max(seconds for _, seconds in told) < BOUND
    assert {answer.status for answer, _ in told} <= {200, 503}
    assert all(answer.headers["Retry-After"] for answer, _ in told if answer.status == 503)
    assert any(answer.status == 503 for answer, _ in told), "nothing stalled"
    if server == "MariaDB":
        assert 202 in pressed, "buying goes on"
    else:
        assert set(pressed) == {503}
    until(lambda: press(running, sale_id).status == 202)
    until(lambda: timed(running, "GET", "/api/orders")[0].status == 200)


def test_a_visitors_own_time_is_not_believed(stalled_shop: tuple[Running, Proxy, Proxy]) -> None:
    """Else anybody could have the shop take them, or all who look at a sale, for late."""
    running, _, _ = stalled_shop
    sale_id = open_sale(running, units=5, limit=5)
    long_ago = {"X-Request-Start": "1"}
    until(lambda: ask(f"{running.url}/api/sales/{sale_id}", headers=long_ago).status == 200)
    until(lambda: ask(f"{running.url}/api/sales", headers=long_ago).status == 200)
    until(lambda: press(running, sale_id, **long_ago).status == 202)
