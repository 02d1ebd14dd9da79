"""One reading of a running shop: what is sold, what is left, who works, and whether a guarantee is broken.

Counts are cumulative: the page makes rates of them, so that a reading asks nothing of the one before.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pymysql
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector
from redis import Redis, RedisError

from common import database
from common.backends import Keys, connect_redis, database_name
from common.database import Db
from common.journal import JOURNAL
from common.proof.facts import Counter, load, read_counter, read_tickets
from common.proof.oracle import judge
from common.running import Running
from common.worker import queue_name

SHOWN = ("no_oversell", "purchase_limit", "conserved")
QUIET = 1.5  # seconds without a new attempt or order after which the shop counts as at rest
STATUS = "SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Threads_running')"
BUY = "/api/sales/<sale:sale_id>/orders"

Reading = dict[str, Any]


class Readings:
    """Reads one shop through connections of its own, past any proxy. One reading at a time.

    What cannot be asked is None. Does not see a violation that comes and goes between two readings.
    """

    def __init__(self, running: Running) -> None:
        self._running = running
        self._db: Db | None = None
        self._redis: Redis = connect_redis(running.settings)
        self._last: object = None
        self._quiet_since = time.monotonic()
        self.sale_id: int | None = None

    def read(self) -> Reading:
        sale_id = self.sale_id  # a button may change it meanwhile
        counter = read_counter(self._redis, self._running.stage.code, sale_id) if sale_id else None
        reading: Reading = {"at": time.time(), "sale": sale_id, "left_redis": counter and counter.left}
        reading |= self._metrics() | self._from_redis()
        reading |= self._from_mariadb(reading, counter)
        reading["up"] = {
            "web": self._running.web.alive,
            "MariaDB": reading["trips_mariadb"] is not None,
            "Redis": reading["trips_redis"] is not None,
        }
        return reading

    def _metrics(self) -> Reading:
        """Presses by outcome and the time they took, over all web processes; also of those that died."""
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=str(self._running.metrics))  # type: ignore[no-untyped-call]
        outcomes: dict[str, float] = {}
        buckets: dict[str, float] = {}
        for sample in (sample for metric in registry.collect() for sample in metric.samples):
            if sample.name == "seckill_attempts_total":
                outcomes[sample.labels["outcome"]] = sample.value
            elif sample.name == "seckill_request_seconds_bucket" and sample.labels["route"] == BUY:
                buckets[sample.labels["le"]] = sample.value
        return {"outcomes": outcomes, "buckets": buckets}

    def _from_redis(self) -> Reading:
        found: Reading = {"queue": None, "trips_redis": None}
        with suppress(RedisError):
            found["trips_redis"] = self._redis.info("stats")["total_commands_processed"]
            found["queue"] = self._waiting()
        return found

    def _waiting(self) -> int | None:
        """Jobs in the queue, or entries in the sale's journal; None where a stage has neither."""
        stage = self._running.stage
        if "worker" in stage.processes:
            return int(self._redis.llen(f"rq:queue:{queue_name(stage.code)}"))
        if "consumer" in stage.processes and self.sale_id:
            return int(self._redis.xlen(Keys(stage.code)(self.sale_id, JOURNAL)))
        return None

    def _from_mariadb(self, reading: Reading, counter: Counter | None) -> Reading:
        found: Reading = {"trips_mariadb": None, "writers": None, "facts": None, "verdicts": []}
        try:
            self._db = self._db or self._connect()
            rows = self._db.all(STATUS)
            status = {row["Variable_name"]: int(row["Value"]) for row in rows}
            found["trips_mariadb"] = status["Questions"]
            found["writers"] = status["Threads_running"] - 1  # not counting ourselves
            if reading["sale"]:
                found |= self._judged(self._db, reading, counter)
        except (pymysql.MySQLError, OSError, LookupError):
            self._db = None  # the next reading connects anew
        return found

    def _connect(self) -> Db:
        settings = self._running.settings
        return database.connect(settings.mysql_url, database_name(self._running.stage.code), read_timeout=2)

    def _judged(self, db: Db, reading: Reading, counter: Counter | None) -> Reading:
        sale_id = reading["sale"]
        facts = load(db, counter, sale_id, [], at_rest=False)
        now = (reading["outcomes"], len(facts.orders), reading["queue"])
        at_rest = self._at_rest(now) and not self._waits_for_a_worker(sale_id)
        facts = replace(facts, at_rest=at_rest)
        return {
            "facts": {
                "initial": facts.sale.initial,
                "left": facts.sale.stock,
                "orders": len(facts.orders),
                "sold": facts.sold,
            },
            "verdicts": [
                {"name": verdict.name, "state": verdict.state, "sentence": verdict.sentence}
                for verdict in judge(facts)
                if verdict.name in SHOWN
            ],
        }

    def _at_rest(self, now: object) -> bool:
        if now != self._last:
            self._last, self._quiet_since = now, time.monotonic()
        return time.monotonic() - self._quiet_since > QUIET

    def _waits_for_a_worker(self, sale_id: int) -> bool:
        """Some ticket has not ended: its worker may be dead, and that be noticed later. No unit is lost yet.

        True while Redis does not answer: then nobody knows.
        """
        try:
            tickets = read_tickets(self._redis, self._running.stage.code, sale_id)
        except RedisError:
            return True
        return not all(ticket.ended for [ticket] in tickets.values())
