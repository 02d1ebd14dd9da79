"""s07: what is reserved is in the journal; a batch has one commit, each of its orders its own decision."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, ClassVar

import pymysql
import pytest
from redis import RedisError
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from common import worker
from common.journal import JOURNAL, described
from common.lab import Lab
from common.processes import CONSUMER
from common.proof import jobs, schedule
from common.proof.explorer import Exploration, Explorer
from common.proof.proxy import Proxy
from common.proof.queue_scenarios import KILLED, WITH_JOURNAL, WITH_WORKERS, scenarios_of
from common.proof.scenarios import SCENARIOS
from common.proof.steps import Recorder
from common.service import service_argv
from common.settings import Settings
from common.shop import Busy, Order, Refused, Sale, SoldOut, Ticket
from common.stages import find
from common.web.seam import VARIABLE
from stages.s06_queue.counter import Claim
from stages.s07_journal import consumer, foils, variants
from stages.s07_journal.consumer import MOST_TIMES, Consumer
from stages.s07_journal.counter import JournalCounter
from stages.s07_journal.journal import GROUP, OPENED, Journal
from stages.s07_journal.ledger import BatchLedger
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
)
from tests.stages.test_s06_queue import broken, now, places, press
from tests.world import World

Worlds = Callable[..., World]
Explorers = Callable[..., Explorer]
HERE = __name__
FEW = 30


def key(shop: World, sale: Sale) -> str:
    return shop.backends.keys(sale.id, JOURNAL)


def entries(shop: World, sale: Sale) -> list[dict[str, str]]:
    """What is in the journal of the sale."""
    found = shop.backends.stock.xrange(key(shop, sale))
    return [{name.decode(): value.decode() for name, value in fields.items()} for _, fields in found]


def pending(shop: World, sale: Sale) -> list[int]:
    """How often each entry that somebody has was handed out."""
    found = shop.backends.stock.xpending_range(key(shop, sale), GROUP, "-", "+", 1000)
    return [each["times_delivered"] for each in found]


def drain(shop: World, sale: Sale) -> None:
    """One batch."""
    shop.shop.tasks["drain"].run({"sale": sale.id})


def presses(shop: World, sale: Sale, count: int) -> list[Ticket]:
    """One press by each of so many buyers."""
    return [press(shop, sale, buyer) for buyer in range(1, count + 1)]


def states(shop: World, tickets: Sequence[Ticket]) -> list[str]:
    """How each ticket ended, or where it is."""
    return [found.problem or found.state for found in (now(shop, ticket) for ticket in tickets)]


# The press.


def test_a_press_is_a_ticket_and_an_entry_in_one_round_trip(world: Worlds) -> None:
    heard = Recorder()
    shop = world("s07", watcher=heard)
    sale = shop.new_sale(units=2, limit=2)
    press(shop, shop.new_sale(units=1))
    heard.steps.clear()
    ticket = press(shop, sale, buyer=1, quantity=2)
    assert [step.command.split()[0] for step in heard.steps] == ["reserve.lua"]
    assert now(shop, ticket) == ticket == Ticket(ticket.id, sale.id, 1, "queued")
    [entry] = entries(shop, sale)
    assert (entry["token"], entry["buyer"], entry["quantity"]) == (ticket.id.partition("-")[2], "1", "2")
    assert (shop.orders(sale), left(shop, sale), places(shop, sale)) == ([], 0, 1)


def test_the_same_press_has_one_entry_and_a_refused_one_none(world: Worlds) -> None:
    shop, there = world("s07"), world("s07")
    sale = shop.new_sale(units=1)
    attempt = shop.attempt(sale, buyer=1)
    told = [each.shop.buy(replace(attempt, id=f"try-{n}")) for n, each in enumerate((shop, there, shop))]
    again = [shop.shop.buy(replace(attempt, id="try-0"))]  # the very same command, its reply was lost
    with pytest.raises(SoldOut):
        press(shop, sale, buyer=2)
    assert len(set(told + again)) == 1
    assert [entry["token"] for entry in entries(shop, sale)] == ["try-0"]


def test_too_many_open_tickets_refuse_and_write_nothing_down(world: Worlds) -> None:
    shop = world("s07", counter=partial(JournalCounter, most=2))
    sale = shop.new_sale(units=5)
    presses(shop, sale, 2)
    with pytest.raises(Busy):
        press(shop, sale, buyer=3)
    assert (len(entries(shop, sale)), left(shop, sale)) == (2, 3)
    drain(shop, sale)
    press(shop, sale, buyer=3)


def test_consumers_know_of_a_journal_before_anything_can_be_written_to_it(world: Worlds) -> None:
    seen = []
    other = world("s07")

    def look() -> None:
        [sale_id] = [int(step.command.split("{")[1].split("}")[0]) for step in warm_up.happened]
        seen.append(other.backends.stock.sismember(other.backends.keys.shared(OPENED), str(sale_id)))

    warm_up = Meanwhile("warm.lua", look)
    world("s07", watcher=warm_up).new_sale(units=1)
    assert seen == [1]


def test_an_ordered_press_whose_ticket_is_forgotten_gets_its_order(world: Worlds) -> None:
    shop = world("s07")
    sale = shop.new_sale(units=2, limit=2)
    attempt = shop.attempt(sale, buyer=1)
    order = shop.press(attempt)
    forget(shop, sale)
    assert shop.press(replace(attempt, id="again")) == order


# The batch.


def test_what_a_batch_costs(world: Worlds) -> None:
    heard = Recorder()
    shop = world("s07", watcher=heard)
    for count in (1, 100):  # the first opens the connections
        sale = shop.new_sale(units=100)
        presses(shop, sale, count)
        heard.steps.clear()
        drain(shop, sale)
    assert Counter(step.server for step in heard.steps) == {"MariaDB": 8, "Redis": 3}
    assert len(shop.orders(sale)) == 100
    assert broken(shop, sale) == []


def test_what_is_settled_is_out_of_the_journal(world: Worlds) -> None:
    shop = world("s07")
    sale = shop.new_sale(units=3)
    tickets = presses(shop, sale, 3)
    drain(shop, sale)
    assert states(shop, tickets) == ["ordered"] * 3
    assert {now(shop, ticket).order_id for ticket in tickets} == {row["id"] for row in shop.orders(sale)}
    assert (entries(shop, sale), pending(shop, sale), places(shop, sale)) == ([], [], 0)
    assert all(value.endswith(" ordered") for value in redis_says(shop, sale, "requests").values())


def too_few(shop: World, sale: Sale) -> None:
    shop.office.restock(sale.id, -1)


def lower_limit(shop: World, sale: Sale) -> None:
    shop.office.change(sale.id, {"buyer_limit": 1})


@pytest.mark.parametrize(
    ("meanwhile", "ends"),
    [
        (too_few, ["ordered", "ordered", "ordered", "sold_out"]),  # the last wants two, and one is left
        (lower_limit, ["ordered", "ordered", "limit_reached", "limit_reached"]),
    ],
)
@pytest.mark.parametrize("ledger", [BatchLedger, foils.AllOrNothing])
def test_one_that_is_refused_sinks_no_other(
    world: Worlds, ledger: Any, meanwhile: Callable[[World, Sale], None], ends: list[str]
) -> None:
    """Buyer 1 presses twice, for one unit each time; buyer 3 wants two."""
    shop = world("s07", ledger=ledger)
    sale = shop.new_sale(units=5, limit=2)
    tickets = [press(shop, sale, *wants) for wants in ((1, 1), (2, 1), (1, 1), (3, 2))]
    meanwhile(shop, sale)
    drain(shop, sale)
    assert (states(shop, tickets) == ends) == (ledger is BatchLedger)
    assert (broken(shop, sale), entries(shop, sale)) == ([], [])


@contextmanager
def does_not_take_orders_of(shop: World, buyer: int) -> Iterator[None]:
    """MariaDB has a rule of its own."""
    with shop.backends.sql() as db:
        db.run(
            "CREATE TRIGGER picky BEFORE INSERT ON orders FOR EACH ROW"
            f" IF NEW.buyer_id = {buyer} THEN SIGNAL SQLSTATE '45000'; END IF"
        )
        try:
            yield
        finally:
            db.run("DROP TRIGGER picky")


def test_one_that_mariadb_does_not_take_sinks_no_other(world: Worlds) -> None:
    shop = world("s07")
    sale = shop.new_sale(units=8)
    tickets = presses(shop, sale, 8)
    with does_not_take_orders_of(shop, buyer=5):
        drain(shop, sale)
    assert states(shop, tickets) == ["ordered"] * 4 + ["busy"] + ["ordered"] * 3
    assert (broken(shop, sale), left(shop, sale), entries(shop, sale)) == ([], 1, [])


def test_a_batch_that_was_committed_and_not_settled_is_told_the_same(world: Worlds) -> None:
    """By one question for all of them, not one by one."""

    def die() -> None:
        raise Dies

    shop, died = world("s07"), world("s07", watcher=Meanwhile("COMMIT", die))
    sale = shop.new_sale(units=20)
    tickets = presses(shop, sale, 20)
    with pytest.raises(Dies):
        drain(died, sale)
    orders = {row["id"] for row in shop.orders(sale)}
    assert (len(orders), states(shop, tickets)) == (20, ["queued"] * 20)
    jobs.let_time_pass(shop.backends, sale.id)
    heard = Recorder()
    drain(world("s07", watcher=heard), sale)
    assert {now(shop, ticket).order_id for ticket in tickets} == orders
    assert sum(step.server == "MariaDB" for step in heard.steps) <= 6
    assert (broken(shop, sale), entries(shop, sale)) == ([], [])


class Dies(BaseException):
    """The consumer, at this point."""


def test_what_one_run_has_refused_no_other_run_orders(world: Worlds) -> None:
    """A consumer is slow. Believed dead, its batch is taken over, when nothing is left; then it goes on."""
    shop = world("s07", journal=variants.Impatient)
    sale = shop.new_sale(units=2)
    tickets = presses(shop, sale, 2)
    shop.office.restock(sale.id, -2)

    def meanwhile() -> None:
        drain(shop, sale)
        assert states(shop, tickets) == ["sold_out", "sold_out"]
        shop.office.restock(sale.id, 2)

    slow = Meanwhile("SELECT * FROM sales", meanwhile)
    drain(world("s07", watcher=slow), sale)
    assert slow.happened
    assert (states(shop, tickets), shop.orders(sale), left(shop, sale)) == (["sold_out"] * 2, [], 2)
    assert broken(shop, sale) == []


def test_a_lost_reply_is_made_up_for_by_the_next_run(lab: Lab, world: Worlds, settings: Settings) -> None:
    """Each reply of MariaDB and of Redis in turn, for a batch of two."""
    shop, counted = world("s07"), Recorder()
    sale = shop.new_sale(units=2)
    presses(shop, sale, 2)
    drain(world("s07", watcher=counted), sale)
    with Proxy(lab.mysql.tcp) as mysql, Proxy(lab.redis.tcp) as redis:
        through = replace(
            settings,
            mysql_url="mysql://root@{}:{}/".format(*mysql.address),
            redis_url="redis://{}:{}/0".format(*redis.address),
        )
        lost = 0
        for server, proxy in (("MariaDB", mysql), ("Redis", redis)):
            for number in range(1, sum(step.server == server for step in counted.steps) + 1):
                sale = shop.new_sale(units=2)
                tickets, before = presses(shop, sale, 2), proxy.lost
                cut = World("s07", through, shop.clock, watcher=LosesReply(server, number, proxy))
                with suppress(pymysql.MySQLError, RedisError):
                    drain(cut, sale)
                cut.close()
                lost += proxy.lost - before
                jobs.work_off(shop.shop, shop.backends, sale.id)
                assert states(shop, tickets) == ["ordered"] * 2, f"reply {number} of {server}"
                assert broken(shop, sale) == [], f"reply {number} of {server}"
    assert lost == len(counted.steps) == 11


# Who has died, and who kills.


def test_what_somebody_has_is_taken_over_when_it_was_left_for_long_enough(world: Worlds) -> None:
    shop, other = world("s07"), world("s07")
    sale = shop.new_sale(units=3)
    tickets = presses(shop, sale, 2)
    assert len(shop.shop.tasks["drain"].take(sale.id)) == 2  # type: ignore[attr-defined]
    late = press(shop, sale, 3)
    drain(other, sale)
    assert states(shop, [*tickets, late]) == ["queued", "queued", "ordered"]
    jobs.let_time_pass(shop.backends, sale.id)
    drain(other, sale)
    assert states(shop, tickets) == ["ordered"] * 2
    assert (broken(shop, sale), pending(shop, sale)) == ([], [])


class KilledByBuyer3(BatchLedger):
    """Dies of one order."""

    def place(self, batch: Sequence[Claim]) -> list[Order | Refused]:
        if any(claim.attempt.buyer_id == 3 for claim in batch):
            raise Dies
        return super().place(batch)


def test_an_order_that_kills_whoever_touches_it_takes_no_other_with_it_and_is_given_up(world: Worlds) -> None:
    shop = world("s07", ledger=KilledByBuyer3)
    sale = shop.new_sale(units=5)
    tickets, deaths = presses(shop, sale, 5), 0
    while entries(shop, sale):
        assert deaths <= MOST_TIMES
        try:
            drain(shop, sale)
        except Dies:
            deaths += 1
            jobs.let_time_pass(shop.backends, sale.id)
    assert deaths == MOST_TIMES
    assert states(shop, tickets) == ["ordered", "ordered", "busy", "ordered", "ordered"]
    assert (broken(shop, sale), left(shop, sale)) == ([], 1)


def test_an_entry_that_nobody_can_read_is_thrown_away(world: Worlds) -> None:
    shop = world("s07")
    sale = shop.new_sale(units=1)
    for fields in ({"what": "ever"}, {"token": "x", "buyer": "nobody", "key": "k", "quantity": 1, "at": 1}):
        shop.backends.stock.xadd(key(shop, sale), fields)
    ticket = press(shop, sale)
    drain(shop, sale)
    assert (states(shop, [ticket]), entries(shop, sale), pending(shop, sale)) == (["ordered"], [], [])


class FailsOnce(BatchLedger):
    """Loses its first connections."""

    failures: ClassVar[list[int]] = []

    def place(self, batch: Sequence[Claim]) -> list[Order | Refused]:
        if self.failures:
            raise pymysql.OperationalError(2013, "gone" * self.failures.pop())
        return super().place(batch)


@pytest.mark.parametrize(("kind", "state"), [(consumer.Drain, "ordered"), (foils.SwallowsErrors, "queued")])
def test_a_consumer_keeps_its_batch_while_mariadb_is_away(
    world: Worlds, monkeypatch: pytest.MonkeyPatch, kind: Any, state: str
) -> None:
    """However often it tries, the entry has been handed out once: it is not what kills."""
    monkeypatch.setattr(consumer, "PAUSE", 0)
    shop = world("s07", ledger=FailsOnce, drain=kind)
    sale = shop.new_sale(units=1)
    ticket = press(shop, sale)
    FailsOnce.failures = [1] * 2 * MOST_TIMES if state == "ordered" else [1]
    service = shop.shop.services["consumer"]
    assert isinstance(service, Consumer)
    handed_out = []

    def stop() -> bool:
        handed_out.extend(pending(shop, sale))
        return False

    service._turn(sale.id, stop)
    assert FailsOnce.failures == [], "it never failed"
    assert set(handed_out) == ({1} if state == "ordered" else set())
    assert (now(shop, ticket).state, entries(shop, sale)) == (state, [])
    assert bool(broken(shop, sale)) == (state == "queued")


# The process.


class FewAtOnce(Journal):
    most = 2


def test_a_hot_sale_does_not_starve_another_one(world: Worlds) -> None:
    """Each gets a batch in its turn, and the consumer does not wait as long as any was full."""
    shop = world("s07", journal=FewAtOnce)
    hot, cold = shop.new_sale(units=10), shop.new_sale(units=1)
    presses(shop, hot, 10)
    ticket = press(shop, cold)
    service = shop.shop.services["consumer"]
    assert isinstance(service, Consumer)
    service.run(lambda: now(shop, ticket).ended)
    assert 0 < len(entries(shop, hot)) < 10
    service.run(lambda: not entries(shop, hot))
    assert (len(shop.orders(hot)), broken(shop, hot), broken(shop, cold)) == (10, [], [])


class Hangs(BatchLedger):
    """Gets stuck with a batch in its hands."""

    def place(self, batch: Sequence[Claim]) -> list[Order | Refused]:
        signal.pause()
        return super().place(batch)


@contextmanager
def consumer_process(shop: World, plugs: str = "") -> Iterator[subprocess.Popen[bytes]]:
    settings = shop.backends.settings
    env = {"MYSQL_URL": settings.mysql_url, "REDIS_URL": settings.redis_url, VARIABLE: plugs}
    argv = service_argv(shop.stage, CONSUMER)
    process = subprocess.Popen(argv, env=os.environ | env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


def test_a_consumer_killed_in_the_middle_is_replaced_and_the_ticket_ends(
    world: Worlds, fresh: Callable[..., Any]
) -> None:
    """Real processes: one killed with SIGKILL while it holds a batch, and another one that ends when told."""
    fresh("s07")
    shop = world("s07")
    sale = shop.new_sale(units=2)
    tickets = presses(shop, sale, 2)
    with consumer_process(shop, f"ledger={HERE}:Hangs") as stuck:
        eventually(lambda: pending(shop, sale) == [1, 1], 30)
        stuck.kill()
        assert stuck.wait() == -signal.SIGKILL
    assert states(shop, tickets) == ["queued"] * 2
    jobs.let_time_pass(shop.backends, sale.id)
    with consumer_process(shop) as other:
        eventually(lambda: states(shop, tickets) == ["ordered"] * 2, 30)
        other.terminate()
        assert other.wait(30) == 0
    assert broken(shop, sale) == []


def test_a_service_that_there_is_not_is_said_not_to_be_there(world: Worlds) -> None:
    argv = [*service_argv(world("s07").stage, CONSUMER)[:-1], "sweeper"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "s07_journal has consumer" in done.stderr


def test_the_journal_says_who_has_what(world: Worlds) -> None:
    shop = world("s07")
    sale, other = shop.new_sale(units=2), shop.new_sale(units=1, publish=False)
    presses(shop, sale, 1)
    shop.shop.tasks["drain"].take(sale.id)  # type: ignore[attr-defined]
    presses_after = press(shop, sale, 2)
    head, first, second = described(shop.backends, sale.id)
    assert head.endswith("2 entries that are not settled")
    assert re.search(r"buyer=1 .* has had it for \d+\.\d s; handed out 1 ×$", first)
    assert presses_after.id.partition("-")[2] in second and second.endswith("nobody has had it")
    [nothing] = described(shop.backends, other.id)
    assert nothing.endswith("0 entries that are not settled")


def test_a_consumer_without_work_costs_two_round_trips_a_look(
    world: Worlds, fresh: Callable[..., Any]
) -> None:
    """However many sales there have been."""
    fresh("s07")
    heard = Recorder()
    shop = world("s07", watcher=heard)
    for _ in range(3):
        sale = shop.new_sale(units=1)
    press(shop, sale)
    service = shop.shop.services["consumer"]
    assert isinstance(service, Consumer)
    service.run(lambda: not entries(shop, sale))
    heard.steps.clear()
    looks = iter([False, True])
    service.run(lambda: next(looks))
    assert [step.command.split()[0] for step in heard.steps] == ["SMEMBERS", "pipeline:"]


# A job of RQ for each batch.


def test_a_job_for_each_batch_comes_to_the_same(
    world: Worlds, fresh: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh("s07")
    shop = world("s07", drain=variants.BatchJobs, journal=variants.Patient)
    sale = shop.new_sale(units=40)
    tickets = presses(shop, sale, 40)
    drain(shop, sale)
    queue = Queue(worker.queue_name("s07"), connection=shop.backends.queue, serializer=JSONSerializer)
    assert (queue.count, shop.orders(sale), len(entries(shop, sale))) == (1, [], 40)
    monkeypatch.setenv("MYSQL_URL", shop.backends.settings.mysql_url)
    monkeypatch.setenv("REDIS_URL", shop.backends.settings.redis_url)
    monkeypatch.setenv(VARIABLE, "drain=stages.s07_journal.variants:BatchJobs")
    worker.shop_of.cache_clear()
    SimpleWorker([queue], connection=shop.backends.queue, serializer=JSONSerializer).work(
        burst=True, logging_level="ERROR"
    )
    worker.shop_of.cache_clear()
    assert states(shop, tickets) == ["ordered"] * 40
    assert (broken(shop, sale), entries(shop, sale)) == ([], [])


# Schedules.


def met(found: Exploration, words: str) -> bool:
    """In some schedule both actors took such a step."""
    return any(
        {move.actor for move in run.moves if move.step.command.startswith(words)} == {"A", "B"}
        for run in found.runs
    )


@pytest.mark.parametrize("name", ["job-twice", "two-jobs"])
def test_no_schedule_of_a_consumer_and_one_that_believes_it_dead_breaks_anything(
    explorer: Explorers, name: str
) -> None:
    found = explorer("s07", journal=variants.Impatient).explore(scenarios_of(find("s07"))[name], most=FEW)
    found.check_power()
    assert met(found, "INSERT INTO orders"), "they never worked on the same"
    assert found.breaking() == []


def test_two_consumers_that_refuse_one_of_a_batch_break_nothing(explorer: Explorers) -> None:
    """A sample: there are more than a thousand schedules with two preemptions, and `explore` plays them."""
    both = explorer("s07", journal=variants.Impatient)
    play = partial(both.play, WITH_JOURNAL["one-too-many"])
    runs = [play(schedule.in_step), *islice(schedule.sample(play, seed=1), FEW)]
    assert met(Exploration(WITH_JOURNAL["one-too-many"], 1, runs=runs), "INSERT INTO orders")
    assert [run.broken for run in runs if run.broken] == []


@pytest.mark.parametrize("name", ["work-and-press", "return-and-press", "drain-and-press"])
def test_no_schedule_of_a_consumer_and_a_buyer_breaks_anything(explorer: Explorers, name: str) -> None:
    found = explorer("s07").explore(scenarios_of(find("s07"))[name], most=FEW)
    found.check_power()
    for run in found.breaking():  # a buyer may have asked before the units were back: true at that moment
        assert all(verdict.sentence.startswith("false sold-out") for verdict in run.broken)
        assert asked_before(run, "B", "settle.lua")


@pytest.mark.parametrize(
    "name", ["two-presses", "same-key", "two-and-three", "restock", "take-back", "close"]
)
def test_no_schedule_of_buyers_breaks_anything(explorer: Explorers, name: str) -> None:
    found = explorer("s07").explore(SCENARIOS[name], most=200)
    found.check_power()
    assert found.breaking() == []


def test_units_forgotten_by_a_refusal_are_missed(explorer: Explorers) -> None:
    found = explorer("s07", counter=foils.DropsTheRefused).explore(WITH_WORKERS["return-and-press"], most=FEW)
    assert len(found.breaking("conserved")) == len(found.runs)


def test_a_stage_with_a_journal_is_asked_about_consumers_too() -> None:
    here = set(SCENARIOS) | set(KILLED) | set(WITH_WORKERS) | set(WITH_JOURNAL)
    assert set(scenarios_of(find("s07"))) == here


# The keys.


def test_all_keys_of_a_sale_have_its_hash_tag(fresh: Fresh, world: Worlds) -> None:
    fresh("s07")
    shop = world("s07")
    sale = shop.new_sale(units=1)
    ticket = press(shop, sale)
    kept = ("stock", "bought", "requests", "open", "journal", f"ticket:{ticket.id.partition('-')[2]}")
    of_all_sales = {"s07:journals"}
    assert keys_of_the_only_sale(shop) - of_all_sales == {f"s07:{{{sale.id}}}:{name}" for name in kept}
