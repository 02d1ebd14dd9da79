"""s06: the ticket comes before its job; the job may run twice, or die; the ticket ends once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

import pymysql
import pytest
from redis import RedisError
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.registry import FailedJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer

from common import lua, worker
from common.backends import Backends
from common.catalog import SqlCatalog
from common.lab import Lab
from common.proof import jobs
from common.proof.explorer import Explorer
from common.proof.oracle import judge
from common.proof.proxy import Proxy
from common.proof.queue_scenarios import KILLED, PRESS_KILLED, WITH_WORKERS, scenarios_of
from common.proof.scenarios import SCENARIOS
from common.proof.steps import Recorder
from common.settings import Settings
from common.shop import Busy, Ended, LimitReached, Order, Refused, Sale, SoldOut, Ticket, refusal
from common.stages import find
from common.web.seam import VARIABLE
from stages.s06_queue import foils
from stages.s06_queue.counter import Claim, TicketCounter
from stages.s06_queue.job import MOST_RUNS, PlaceOrder
from stages.s06_queue.ledger import TicketLedger
from stages.s06_queue.queue import OrderQueue
from stages.s06_queue.stock import TicketStock
from tests.conftest import Fresh
from tests.guarantees.test_retry_safe import LosesReply
from tests.stages.test_s03_cache import eventually
from tests.stages.test_s05_redis_stock import (
    Meanwhile,
    asked_before,
    forget,
    keys_of_the_only_sale,
    left,
    redis_says,
    replies,
)
from tests.world import World

Worlds = Callable[..., World]
Explorers = Callable[..., Explorer]
FEW = 30
at_once = partial(PlaceOrder, pause=0)  # waits for nothing after an error


def press(shop: World, sale: Sale, buyer: int = 1, quantity: int = 1) -> Ticket:
    """A press that gets a ticket."""
    ticket = shop.shop.buy(shop.attempt(sale, buyer, quantity))
    assert isinstance(ticket, Ticket)
    return ticket


def now(shop: World, ticket: Ticket) -> Ticket:
    """The ticket as it is now."""
    assert shop.shop.tickets
    found = shop.shop.tickets.get(ticket.id)
    assert found
    return found


def run(shop: World, ticket: Ticket) -> None:
    """The ticket's job, as a worker runs it."""
    shop.shop.tasks["order"].run({"ticket": ticket.id})


def queue(shop: World) -> Queue:
    return Queue(worker.queue_name("s06"), connection=shop.backends.queue, serializer=JSONSerializer)


def places(shop: World, sale: Sale) -> int:
    """Taken ones."""
    return shop.backends.stock.scard(shop.backends.keys(sale.id, "open"))


def broken(shop: World, sale: Sale) -> list[str]:
    """What the oracle says is wrong, at rest."""
    verdicts = judge(shop.facts(sale))
    return [f"{verdict.name}: {verdict.sentence}" for verdict in verdicts if verdict.state == "broken"]


# The press.


def test_a_press_gets_a_ticket_and_later_its_order(world: Worlds) -> None:
    shop = world("s06")
    sale = shop.new_sale(units=2, limit=2)
    ticket = press(shop, sale, buyer=1, quantity=2)
    assert now(shop, ticket) == ticket == Ticket(ticket.id, sale.id, 1, "queued")
    assert (shop.orders(sale), left(shop, sale), places(shop, sale)) == ([], 0, 1)
    run(shop, ticket)
    [order] = shop.orders(sale)
    assert now(shop, ticket) == replace(ticket, state="ordered", order_id=order["id"])
    assert (order["buyer_id"], order["quantity"], places(shop, sale)) == (1, 2, 0)
    assert redis_says(shop, sale, "requests")[f"1:{order['request_key']}"].endswith(" ordered")
    assert broken(shop, sale) == []


def test_the_same_press_gets_the_same_ticket_and_has_one_job(world: Worlds) -> None:
    shop, there = world("s06"), world("s06")
    sale = shop.new_sale(units=3, limit=3)
    attempt = shop.attempt(sale, buyer=1)
    told = [each.shop.buy(replace(attempt, id=f"try-{n}")) for n, each in enumerate((shop, there, shop))]
    assert len(set(told)) == 1
    queued = [job.payload for job in jobs.take_all(shop.shop, shop.backends, sale.id)]
    assert queued.count({"ticket": told[0].id}) == 1
    assert left(shop, sale) == 2
    run(shop, told[0])
    assert there.shop.buy(replace(attempt, id="late")) == now(shop, told[0])
    assert queue(shop).count == 0, "what has ended needs no job"


class Dies(BaseException):
    """The web process, after a step."""


def test_a_press_whose_process_died_before_the_queue_is_put_there_by_the_next_try(world: Worlds) -> None:
    def die() -> None:
        raise Dies

    died = world("s06", watcher=Meanwhile("reserve.lua", die))
    sale = died.new_sale(units=1)
    attempt = died.attempt(sale, buyer=1)
    with pytest.raises(Dies):
        died.shop.buy(attempt)
    shop = world("s06")
    assert (left(shop, sale), queue(shop).count) == (0, 0), "the ticket is there, and nobody works on it"
    ticket = shop.shop.buy(replace(attempt, id="again"))
    shop.end_of(ticket)
    assert now(shop, ticket).state == "ordered"
    assert broken(shop, sale) == []


def test_no_worker_is_too_early_for_the_ticket(world: Worlds) -> None:
    """The job is run as soon as it is queued, before the buyer is answered; nothing overwrites its end."""
    other = world("s06")
    sale = other.new_sale(units=1)
    fast = Meanwhile("script rq:job:", lambda: jobs.work_off(other.shop, other.backends, sale.id))
    shop = world("s06", watcher=fast)
    ticket = press(shop, sale)
    assert fast.happened
    assert now(shop, ticket).state == "ordered"


class IsAway(OrderQueue):
    """Takes nothing."""

    def put(self, ticket: str) -> None:
        raise RedisError("away")


class LosesTheReply(OrderQueue):
    """Takes the job, and says that it did not."""

    def put(self, ticket: str) -> None:
        super().put(ticket)
        raise RedisError("reply lost")


@pytest.mark.parametrize("kind", [IsAway, LosesTheReply])
def test_what_does_not_get_into_the_queue_is_on_sale_again(world: Worlds, kind: type[OrderQueue]) -> None:
    shop, other = world("s06", queue=kind), world("s06")
    sale = shop.new_sale(units=1)
    with pytest.raises(Busy):
        press(shop, sale, buyer=1)
    assert (left(shop, sale), places(shop, sale), redis_says(shop, sale, "bought")) == (1, 0, {})
    jobs.work_off(other.shop, other.backends, sale.id)  # the job that is there, or is not, does nothing
    assert shop.orders(sale) == []
    other.buy(sale, buyer=1)
    assert broken(shop, sale) == []


def test_a_ticket_that_a_worker_has_begun_on_is_kept_though_the_reply_was_lost(world: Worlds) -> None:
    other = world("s06")

    class AndWorked(LosesTheReply):
        def put(self, ticket: str) -> None:
            with suppress(RedisError):
                super().put(ticket)
            jobs.work_off(other.shop, other.backends, int(ticket.partition("-")[0]))
            raise RedisError("reply lost")

    shop = world("s06", queue=AndWorked)
    sale = shop.new_sale(units=1)
    assert now(shop, press(shop, sale)).state == "ordered"
    assert broken(shop, sale) == []


def test_a_full_queue_refuses_the_new_and_knows_the_old(world: Worlds) -> None:
    shop = world("s06", counter=partial(TicketCounter, most=2))
    sale, elsewhere = shop.new_sale(units=5, limit=2), shop.new_sale(units=1)
    first = shop.attempt(sale, buyer=1)
    ticket = shop.shop.buy(first)
    press(shop, sale, buyer=2)
    with pytest.raises(Busy) as refused:
        press(shop, sale, buyer=3)
    assert refused.value.retry_after
    assert refused.value.members == {"taken": False}
    assert (left(shop, sale), places(shop, sale)) == (3, 2)
    assert shop.shop.buy(replace(first, id="again")) == ticket
    press(shop, elsewhere)  # each sale has places of its own
    jobs.work_off(shop.shop, shop.backends, sale.id)
    assert places(shop, sale) == 0
    press(shop, sale, buyer=3)


def test_a_press_is_refused_as_before(world: Worlds) -> None:
    shop = world("s06")
    sale = shop.new_sale(units=1, limit=1)
    press(shop, sale, buyer=1)
    with pytest.raises(LimitReached):
        press(shop, sale, buyer=1)
    with pytest.raises(SoldOut):
        press(shop, sale, buyer=2)


def test_an_ordered_press_whose_ticket_is_forgotten_gets_its_order(world: Worlds) -> None:
    """After a day, and from a Redis that was warmed up anew."""
    shop = world("s06")
    sale = shop.new_sale(units=2, limit=2)
    attempt = shop.attempt(sale, buyer=1)
    order = shop.press(attempt)
    key = f"ticket:{attempt.id}"
    assert 0 < shop.backends.stock.ttl(shop.backends.keys(sale.id, key)) <= 24 * 3600
    shop.backends.stock.delete(shop.backends.keys(sale.id, key))
    assert shop.press(replace(attempt, id="again")) == order
    forget(shop, sale)
    assert shop.press(replace(attempt, id="again")) == order


@pytest.mark.parametrize(
    "ticket",
    ["", "7", "7-", "-x", "0-x", "7-{8}:x", "7-" + "x" * 99, "x-y", "７-x", "9" * 20 + "-x", "7-a b", "*"],
)
def test_what_is_no_ticket_costs_no_question(world: Worlds, ticket: str) -> None:
    heard = Recorder()
    shop = world("s06", watcher=heard)
    assert shop.shop.tickets and shop.shop.tickets.get(ticket) is None
    shop.shop.tasks["order"].run({"ticket": ticket})
    assert heard.steps == []


# The job.


def test_what_a_job_costs(world: Worlds) -> None:
    heard = Recorder()
    shop = world("s06", watcher=heard)
    tickets = [press(shop, shop.new_sale(units=1)) for _ in range(2)]
    run(shop, tickets[0])
    heard.steps.clear()
    run(shop, tickets[1])
    assert Counter(step.server for step in heard.steps) == {"MariaDB": 7, "Redis": 2}


def test_who_pressed_in_time_is_in_time_however_long_the_queue_was(world: Worlds, clock: Any) -> None:
    shop = world("s06")
    sale = shop.new_sale(units=1)
    ticket, pressed_at = press(shop, sale), clock()
    clock.forward(2 * 3600)
    with pytest.raises(Ended):
        press(shop, sale, buyer=2)
    run(shop, ticket)
    [order] = shop.orders(sale)
    assert order["created_at"] < sale.closes_at
    assert abs(order["created_at"] - pressed_at) < timedelta(milliseconds=2)


def test_what_the_back_office_has_closed_is_refused_and_given_back(world: Worlds) -> None:
    shop = world("s06")
    sale = shop.new_sale(units=1)
    ticket = press(shop, sale)
    shop.office.close(sale.id)
    with pytest.raises(Ended):
        shop.end_of(ticket)
    assert now(shop, ticket).problem == "ended"
    assert (left(shop, sale), places(shop, sale)) == (1, 0)
    assert broken(shop, sale) == []


def refused_by_one_and_placed_by_the_other(world: Worlds, **plugs: Any) -> tuple[World, Sale, Ticket]:
    """A worker has looked at the sale, and is slow. It is believed dead: another one runs the job, and finds
    nothing left. Then there is a restock, and the slow one goes on."""
    shop = world("s06", **plugs)
    sale = shop.new_sale(units=1)
    ticket = press(shop, sale)
    shop.office.restock(sale.id, -1)

    def meanwhile() -> None:
        run(shop, ticket)
        assert now(shop, ticket).problem == "sold_out"
        shop.office.restock(sale.id, 1)

    slow = Meanwhile("SELECT * FROM sales", meanwhile)
    run(world("s06", watcher=slow, **plugs), ticket)
    assert slow.happened
    return shop, sale, ticket


def test_what_one_run_has_refused_no_other_run_orders(world: Worlds) -> None:
    shop, sale, ticket = refused_by_one_and_placed_by_the_other(world)
    assert (now(shop, ticket).state, shop.orders(sale), left(shop, sale)) == ("refused", [], 1)
    assert broken(shop, sale) == []


def test_without_a_decision_in_the_database_a_refused_buyer_owns_an_order(world: Worlds) -> None:
    shop, sale, ticket = refused_by_one_and_placed_by_the_other(world, ledger=foils.DecidesEachTime)
    assert (now(shop, ticket).state, len(shop.orders(sale))) == ("refused", 1)
    assert broken(shop, sale)[0].startswith("tickets_end: 1 of 1 tickets have ended, and 1 things are wrong")


class Poisoned(TicketLedger):
    """Fails whatever it is given."""

    def _place_once(self, claim: Any, attempt: Any) -> Order:
        raise pymysql.OperationalError(2013, "gone")


def test_an_order_that_always_fails_is_given_up_and_given_back(world: Worlds) -> None:
    shop, well = world("s06", ledger=Poisoned, job=at_once), world("s06")
    sale = shop.new_sale(units=1)
    ticket = press(shop, sale)
    for _ in range(MOST_RUNS):
        with pytest.raises(pymysql.MySQLError):
            run(shop, ticket)
    assert now(shop, ticket).state == "working"
    run(shop, ticket)
    assert (now(shop, ticket).problem, left(shop, sale)) == ("busy", 1)
    run(well, ticket)  # a worker that is well comes too late
    assert shop.orders(sale) == []
    assert broken(shop, sale) == []


def test_a_job_whose_ticket_redis_has_forgotten_sells_nothing(world: Worlds) -> None:
    shop = world("s06")
    sale = shop.new_sale(units=1)
    ticket = press(shop, sale)
    forget(shop, sale)
    run(shop, ticket)
    assert shop.orders(sale) == []
    shop.buy(sale, buyer=2)
    assert broken(shop, sale) == []


def test_a_reply_lost_in_a_job_is_made_up_for_by_its_next_run(
    lab: Lab, world: Worlds, settings: Settings
) -> None:
    """Each reply of MariaDB and of Redis in turn."""
    shop = world("s06")
    counted = Recorder()
    run(world("s06", watcher=counted), press(shop, shop.new_sale(units=1)))
    with Proxy(lab.mysql.tcp) as mysql, Proxy(lab.redis.tcp) as redis:
        through = replace(
            settings,
            mysql_url="mysql://root@{}:{}/".format(*mysql.address),
            redis_url="redis://{}:{}/0".format(*redis.address),
        )
        lost = 0
        for server, proxy in (("MariaDB", mysql), ("Redis", redis)):
            for number in range(1, sum(step.server == server for step in counted.steps) + 1):
                sale = shop.new_sale(units=1)
                ticket, before = press(shop, sale), proxy.lost
                cut = World(
                    "s06", through, shop.clock, watcher=LosesReply(server, number, proxy), job=at_once
                )
                with suppress(pymysql.MySQLError, RedisError):
                    run(cut, ticket)
                cut.close()
                lost += proxy.lost - before
                run(shop, ticket)
                assert now(shop, ticket).state == "ordered", f"reply {number} of {server}"
                assert broken(shop, sale) == [], f"reply {number} of {server}"
    assert lost == len(counted.steps) == 9


# RQ.


@contextmanager
def workers(shop: World, monkeypatch: pytest.MonkeyPatch, plugs: str = "") -> Iterator[Callable[[], None]]:
    """A worker of RQ in this process: each call works off what is there, and then ends."""
    monkeypatch.setenv("MYSQL_URL", shop.backends.settings.mysql_url)
    monkeypatch.setenv("REDIS_URL", shop.backends.settings.redis_url)
    monkeypatch.setenv(VARIABLE, plugs)
    worker.shop_of.cache_clear()
    yield lambda: _work(shop)
    worker.shop_of.cache_clear()


def _work(shop: World) -> None:
    SimpleWorker([queue(shop)], connection=shop.backends.queue, serializer=JSONSerializer).work(
        burst=True, logging_level="ERROR"
    )


HERE = __name__


class FailsOnce(TicketLedger):
    """Loses its first connection."""

    failures: ClassVar[list[int]] = []

    def place(self, batch: Sequence[Claim]) -> list[Order | Refused]:
        if self.failures:
            raise pymysql.OperationalError(2013, "gone" * self.failures.pop())
        return super().place(batch)


class SwallowsAtOnce(foils.SwallowsErrors):
    def __init__(self, counter: Any, ledger: Any) -> None:
        super().__init__(counter, ledger, pause=0)


class AtOnce(PlaceOrder):
    def __init__(self, counter: Any, ledger: Any) -> None:
        super().__init__(counter, ledger, pause=0)


@pytest.mark.parametrize(("job", "state"), [("AtOnce", "ordered"), ("SwallowsAtOnce", "working")])
def test_rq_runs_again_what_failed_unless_the_error_was_swallowed(
    world: Worlds, fresh: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, job: str, state: str
) -> None:
    fresh("s06")
    shop = world("s06")
    ticket = press(shop, shop.new_sale(units=1))
    FailsOnce.failures = [1]
    with workers(shop, monkeypatch, f"ledger={HERE}:FailsOnce,job={HERE}:{job}") as work:
        work()
    assert FailsOnce.failures == [], "it never failed"
    assert now(shop, ticket).state == state


def test_what_lies_in_the_queue_is_a_path_and_data(world: Worlds, fresh: Callable[..., Any]) -> None:
    fresh("s06")
    shop = world("s06")
    ticket = press(shop, shop.new_sale(units=1))
    job = Job.fetch(ticket.id, connection=shop.backends.queue, serializer=JSONSerializer)
    assert (job.func_name, job.args) == ("common.worker.run", ["s06", "order", {"ticket": ticket.id}])
    raw = zlib.decompress(shop.backends.queue.hget(job.key, "data"))
    assert json.loads(raw)[0] == "common.worker.run"
    assert job.retries_left
    assert (job.timeout, job.result_ttl) == (30, 300)


class Hangs(TicketLedger):
    """A worker that gets stuck in the middle of a job."""

    def place(self, batch: Sequence[Claim]) -> list[Order | Refused]:
        while True:
            time.sleep(1)


def test_a_worker_killed_in_the_middle_is_replaced_and_the_ticket_ends(
    world: Worlds, fresh: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real worker process, killed with SIGKILL while it holds the job; RQ's clean-up, a little early."""
    fresh("s06")
    shop = world("s06")
    sale = shop.new_sale(units=1)
    ticket = press(shop, sale)
    settings = shop.backends.settings
    argv = [sys.executable, "-m", "rq.cli", "worker", "--url", settings.redis_url, "--serializer", "json"]
    env = {"MYSQL_URL": settings.mysql_url, "REDIS_URL": settings.redis_url, VARIABLE: f"ledger={HERE}:Hangs"}
    process = subprocess.Popen(
        [*argv, worker.queue_name("s06")],
        env=os.environ | env,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: now(shop, ticket).state == "working", 30)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert queue(shop).count == 0, "the job has died with its worker"
    started = StartedJobRegistry(queue=queue(shop))
    started.cleanup(timestamp=time.time() + 200)
    assert queue(shop).count == 1
    with workers(shop, monkeypatch) as work:
        work()
    assert now(shop, ticket).state == "ordered"
    assert FailedJobRegistry(queue=queue(shop)).count == 0
    assert broken(shop, sale) == []


# One path for every job.


def test_an_unknown_task_is_said_to_be_unknown(world: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    with workers(world("s06"), monkeypatch):
        with pytest.raises(LookupError, match="s06 has no task 'sweep'; it has order"):
            worker.run("s06", "sweep", {})
        with pytest.raises(LookupError, match="there is no stage 's99'"):
            worker.run("s99", "order", {})


def test_a_process_keeps_its_shop_with_what_is_plugged_in(
    world: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    with workers(world("s06"), monkeypatch, f"ledger={HERE}:Poisoned"):
        shop = worker.shop_of("s06")
        assert worker.shop_of("s06") is shop
        assert isinstance(shop.tasks["order"]._ledger, Poisoned)  # type: ignore[attr-defined]


# Who waits.


@dataclass
class Ear:
    """Listens in a thread."""

    shop: World

    def __post_init__(self) -> None:
        self.heard: list[str] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert self.shop.shop.tickets
        for ticket in self.shop.shop.tickets.changes(self._end.is_set):
            self.heard.append(ticket)

    def close(self) -> None:
        self._end.set()
        self._thread.join(5)
        assert not self._thread.is_alive()


def test_every_process_hears_of_every_move_and_of_what_it_may_have_missed(world: Worlds) -> None:
    shop, ear = world("s06"), Ear(world("s06"))
    eventually(lambda: ear.heard == [""])
    ticket = press(shop, shop.new_sale(units=1))
    run(shop, ticket)
    eventually(lambda: ear.heard == ["", ticket.id, ticket.id])  # working, ordered
    shop.backends.stock.client_kill_filter(_type="pubsub")
    eventually(lambda: ear.heard[3:] == [""])
    run(shop, other := press(shop, shop.new_sale(units=1)))
    eventually(lambda: ear.heard[4:] == [other.id, other.id])
    ear.close()


def test_a_refusal_is_known_by_its_type() -> None:
    for kind in (SoldOut, LimitReached, Ended, Busy):
        assert type(refusal(kind.type)) is kind
    assert type(refusal("of a later stage")) is Refused


# Schedules.


@pytest.mark.parametrize("name", WITH_WORKERS)
def test_no_schedule_with_workers_breaks_anything(explorer: Explorers, name: str) -> None:
    found = explorer("s06", job=at_once).explore(WITH_WORKERS[name], most=FEW)
    found.check_power()
    for run_ in found.breaking():  # a buyer may have asked before the units were back: true at that moment
        assert all(verdict.sentence.startswith("false sold-out") for verdict in run_.broken)
        assert asked_before(run_, "B", "finish.lua")
    if name == "return-and-press":
        assert {isinstance(run_.outcomes["B"], Order) for run_ in found.runs} == {True, False}


@pytest.mark.parametrize(
    "name", ["two-presses", "same-key", "two-and-three", "restock", "take-back", "close"]
)
def test_no_schedule_of_buyers_breaks_anything(explorer: Explorers, name: str) -> None:
    found = explorer("s06", job=at_once).explore(SCENARIOS[name], most=200)
    found.check_power()
    assert found.breaking() == []


def test_units_forgotten_by_a_refusal_are_missed(explorer: Explorers) -> None:
    found = explorer("s06", counter=foils.KeepsTheUnits).explore(WITH_WORKERS["return-and-press"], most=FEW)
    assert len(found.breaking("conserved")) == len(found.runs)


def test_a_worker_that_trusts_the_queue_sells_twice(explorer: Explorers) -> None:
    found = explorer("s06", ledger=foils.TrustsTheQueue).explore(WITH_WORKERS["job-twice"], most=FEW)
    assert found.breaking("no_oversell")
    assert len(found.breaking()) < len(found.runs), "who finds the ticket ended does nothing"


def cold_shop(b: Backends) -> Any:
    """Nobody warms up at publication; and no catalog to ask, whose locks a driver of steps cannot see."""

    def stock(counter: Any, flags: Any, warm_up: Any, _catalog: Any, clock: Any) -> TicketStock:
        return TicketStock(counter, flags, warm_up, SqlCatalog(b.sql), clock)

    return replace(find("s06").load().create_shop(b, stock=stock, job=at_once), listeners=())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["one-unit", "same-key"])
def test_a_warm_up_meets_a_reservation(settings: Settings, name: str) -> None:
    with Explorer("s06", cold_shop, settings) as explorer:
        found = explorer.explore(SCENARIOS[name], most=FEW)
    found.check_power()
    assert found.breaking() == []
    told = [replies(run_) for run_ in found.runs]
    assert {each.count("warmed") for each in told} == {1}
    assert any("warm" in each for each in told), "nobody ever came too late to warm it: nothing is proved"


def test_only_a_stage_with_workers_is_asked_about_them() -> None:
    assert set(scenarios_of(find("s05"))) == set(SCENARIOS) | {PRESS_KILLED.name}
    assert set(scenarios_of(find("s06"))) == set(SCENARIOS) | set(WITH_WORKERS) | set(KILLED)


# The scripts.


def test_a_script_that_uses_others_goes_by_its_own_name_in_a_schedule(world: Worlds) -> None:
    heard = Recorder()
    shop = world("s06", watcher=heard)
    run(shop, press(shop, shop.new_sale(units=1)))
    scripts = [step.command.split()[0] for step in heard.steps if ".lua" in step.command]
    assert scripts[-3:] == ["reserve.lua", "start.lua", "finish.lua"]
    text = lua.source(find("s06").folder / "finish.lua")
    assert (
        text.count("local function confirm(KEYS, ARGV)")
        == text.count("local function release(KEYS, ARGV)")
        == 1
    )


def test_all_keys_of_a_sale_have_its_hash_tag(fresh: Fresh, world: Worlds) -> None:
    fresh("s06")
    shop = world("s06")
    sale = shop.new_sale(units=1)
    ticket = press(shop, sale)
    token = ticket.id.partition("-")[2]
    kept = ("stock", "bought", "requests", "open", f"ticket:{token}")
    assert keys_of_the_only_sale(shop) == {f"s06:{{{sale.id}}}:{name}" for name in kept}
