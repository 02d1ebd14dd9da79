"""How quickly a backlog becomes orders: s07's consumer, beside the least that MariaDB can be asked for.

    .venv/bin/python -m tests.measurements.s07_drain docs/results/s07_drain.json

All in one run, in turns, on the same servers: what counts is the ratios. Each way begins with a backlog of
reservations, and is timed until nothing is left of it.

- `bare insert`: the rows of the orders alone, 500 for each INSERT, each INSERT a transaction
- `bare rows`: all rows of a batch (orders, decisions, purchases, stock), and nothing else; no Redis
- `ledger`: `BatchLedger.place` alone, its batches ready in memory
- `consumer`: s07 as it runs, from the journal to the end of each ticket, in one process
- `two consumers`: the same by two processes
- `job for each batch`: the variant with RQ; consumer and worker in one process, one after the other
- `one by one`: s07 whose ledger writes order after order, as a job of s06 does
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from common import worker
from common.circumstances import circumstances
from common.lab import Lab
from common.processes import CONSUMER
from common.proof.steps import Recorder
from common.service import service_argv
from common.settings import Settings
from common.shop import Sale
from common.web.seam import VARIABLE
from stages.s06_queue.ledger import TicketLedger
from stages.s07_journal import variants
from stages.s07_journal.counter import JournalCounter
from stages.s07_journal.journal import MOST
from stages.s07_journal.ledger import BatchLedger
from stages.s07_journal.statements import count_purchases, decide_all, insert_orders, take_units
from tests.guarantees.test_amortised_commits import commits
from tests.world import HandClock, World

ROUNDS, ORDERS, FEW = 5, 5_000, 200
Way = Callable[[World, Sale], float]


def backlog(shop: World, orders: int) -> Sale:
    """A sale whose every unit is reserved, and none ordered."""
    sale = shop.new_sale(units=orders)
    for buyer in range(1, orders + 1):
        shop.shop.buy(shop.attempt(sale, buyer))
    return sale


def batches(shop: World, sale: Sale) -> list[list[Any]]:
    """All that is in the journal, read by a consumer."""
    drain = shop.shop.tasks["drain"]
    return list(iter(lambda: drain.take(sale.id), []))  # type: ignore[attr-defined]


def timed(each: Callable[[Any], object], work: Sequence[Any]) -> float:
    began = time.perf_counter()
    for piece in work:
        each(piece)
    return time.perf_counter() - began


def bare_insert(shop: World, sale: Sale) -> float:
    def write(batch: Any) -> None:
        with shop.backends.sql() as db, db.transaction():
            insert_orders(db, batch, sale.price_cents)

    return timed(write, batches(shop, sale))


def bare_rows(shop: World, sale: Sale) -> float:
    def write(batch: Any) -> None:
        with shop.backends.sql() as db, db.transaction():
            decide_all(db, batch, insert_orders(db, batch, sale.price_cents))
            count_purchases(db, batch, sale)
            take_units(db, batch)

    return timed(write, batches(shop, sale))


def ledger(shop: World, sale: Sale) -> float:
    return timed(BatchLedger(shop.backends.sql).place, batches(shop, sale))


def consumer(shop: World, sale: Sale) -> float:
    rounds = [{"sale": sale.id}] * -(-length(shop, sale) // MOST)
    return timed(shop.shop.tasks["drain"].run, rounds)


def consumers(shop: World, sale: Sale, count: int) -> float:
    """Real processes, which run already and find nothing to do; the backlog is put where they look."""
    name = shop.backends.keys.shared("journals")
    shop.backends.stock.delete(name)
    argv = service_argv(shop.stage, CONSUMER)
    env = os.environ | {VARIABLE: ""}
    running = [subprocess.Popen(argv, env=env, stdout=subprocess.PIPE) for _ in range(count)]
    try:
        for process in running:
            assert process.stdout
            process.stdout.readline()  # it is running
        time.sleep(0.2)  # and has opened its connections, or does so with the first batch
        began = time.perf_counter()
        shop.backends.stock.sadd(name, sale.id)
        while length(shop, sale):
            time.sleep(0.001)
        return time.perf_counter() - began
    finally:
        for process in running:
            process.terminate()
            process.wait()


def job_for_each_batch(shop: World, sale: Sale) -> float:
    other = World(
        "s07", shop.backends.settings, shop.clock, drain=variants.BatchJobs, journal=variants.Patient
    )
    queue = Queue(worker.queue_name("s07"), connection=shop.backends.queue, serializer=JSONSerializer)
    worker.shop_of("s07")  # as the environment says: see `main`
    began = time.perf_counter()
    for _ in range(-(-length(shop, sale) // MOST)):
        other.shop.tasks["drain"].run({"sale": sale.id})
    SimpleWorker([queue], connection=shop.backends.queue, serializer=JSONSerializer).work(
        burst=True, logging_level="ERROR"
    )
    taken = time.perf_counter() - began
    other.close()
    return taken


def one_by_one(shop: World, sale: Sale) -> float:
    other = World("s07", shop.backends.settings, shop.clock, ledger=TicketLedger)
    taken = consumer(other, sale)
    other.close()
    return taken


def length(shop: World, sale: Sale) -> int:
    return int(shop.backends.stock.xlen(shop.backends.keys(sale.id, "journal")))


WAYS: dict[str, tuple[Way, int]] = {
    "bare insert": (bare_insert, ORDERS),
    "bare rows": (bare_rows, ORDERS),
    "ledger": (ledger, ORDERS),
    "consumer": (consumer, ORDERS),
    "two consumers": (partial(consumers, count=2), ORDERS),
    "job for each batch": (job_for_each_batch, ORDERS),
    "one by one": (one_by_one, FEW),
}
WHOLE = ("consumer", "two consumers", "job for each batch", "one by one")  # to the end of each ticket


def measure(shop: World) -> list[dict[str, float]]:
    """Orders a second, by way, in each round."""
    rounds = []
    for number in range(1, ROUNDS + 1):
        found = {}
        for name, (way, orders) in WAYS.items():
            sale = backlog(shop, orders)
            found[name] = round(orders / way(shop, sale))
            if name in WHOLE:
                assert (length(shop, sale), shop.broken(sale)) == (0, ""), f"{name}: {shop.broken(sale)}"
            print(f"round {number}, {name}: {found[name]:,.0f} orders a second")
        rounds.append(found)
    return rounds


def orders_for_each_commit(shop: World) -> float:
    """Counted: a backlog of ten batches."""
    heard = Recorder()
    watched = World("s07", shop.backends.settings, shop.clock, watcher=heard)
    sale = backlog(shop, 10 * MOST)
    consumer(watched, sale)
    watched.close()
    return 10 * MOST / commits(heard)


def ratios(rounds: Sequence[dict[str, float]], to: str) -> dict[str, float]:
    return {name: round(statistics.median(each[name] / each[to] for each in rounds), 3) for name in WAYS}


def main(file: Path) -> None:
    with Lab(say=print) as lab:
        settings = Settings(mysql_url=lab.mysql.url, redis_url=lab.redis.url)
        os.environ |= {"MYSQL_URL": lab.mysql.url, "REDIS_URL": lab.redis.url}
        os.environ[VARIABLE] = "drain=stages.s07_journal.variants:BatchJobs"  # of the worker in this process
        shop = World("s07", settings, HandClock(), counter=partial(JournalCounter, most=10**9))
        rounds, shared = measure(shop), orders_for_each_commit(shop)
        shop.close()
    median = {name: statistics.median(found[name] for found in rounds) for name in WAYS}
    document = {
        **circumstances("python -m tests.measurements.s07_drain"),
        "orders": {name: orders for name, (_, orders) in WAYS.items()},
        "batch": MOST,
        "orders_for_each_commit": shared,
        "median_orders_per_second": median,
        "median_ratio_to_bare_rows": ratios(rounds, "bare rows"),
        "median_ratio_to_bare_insert": ratios(rounds, "bare insert"),
        "rounds": rounds,
    }
    file.write_text(json.dumps(document, indent=1) + "\n")
    print(file.read_text())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
