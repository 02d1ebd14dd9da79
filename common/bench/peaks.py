"""Peaks: how many attempts a subject takes, and how many it turns away, when 32 connections never rest."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from common.bench.subjects import Shop, Subject, processor_seconds
from common.bench.wrk import load
from common.database import Db
from common.demo.contest import open_sale
from common.lab import Lab, LabError
from common.lab.program import Program
from common.running import Running

PLENTY = 1_000_000
WARM_UP = 1  # seconds
LIMIT = 1000  # units for one buyer: the most there is
LONGEST_DRAIN = 120.0  # seconds
QUIET = 0.25  # seconds without a new order after which none is on its way


@dataclass(frozen=True)
class Spent:
    """What the servers have spent so far: processor seconds, SQL statements, reads from Redis clients.

    Redis counts a read for each round trip, also when it carries several commands. Without the load
    generator; but what other stages ask of MariaDB and Redis while they rest is in it.
    """

    cpu: float
    sql: int
    redis: int

    def __sub__(self, before: Self) -> Spent:
        return Spent(self.cpu - before.cpu, self.sql - before.sql, self.redis - before.redis)


@dataclass(frozen=True)
class Peak:
    """One measurement. `count` is what counts: accepted attempts, refused ones, or answers.

    `other` were answered otherwise (refused where an order was due: `busy`). `cpu_us`, `sql` and `redis` are
    what the servers spent on each that counts: microseconds, statements, round trips; for accepted attempts
    until the last order was written. That was `drain_s` after the load ended; None: not within two minutes.
    `generator` is the load generator's share of the processor time under load.
    """

    subject: str
    kind: str
    count: int
    other: int
    seconds: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    sql: float
    redis: float
    generator: float
    drain_s: float | None = None

    @property
    def per_second(self) -> float:
        return self.count / self.seconds


@dataclass(frozen=True)
class Bench:
    """What a measurement needs: the lab, wrk, and for how long."""

    lab: Lab
    wrk: Program
    seconds: int

    def reads(self, subject: Subject, kind: str, path: str = "") -> Peak:
        """GETs of one page."""
        return self._measure(subject, kind, subject.url + path)

    def accepted(self, shop: Shop) -> Peak:
        """Presses at a sale that has enough for everybody."""
        return self._measure(shop, "accepted", press_url(shop, PLENTY), shop.tokens)

    def refused(self, shop: Shop) -> Peak:
        """Presses at a sale of which nothing is left, and known to be so."""
        return self._measure(shop, "refused", press_url(shop, 0), shop.tokens)

    def spent(self, subject: Subject) -> Spent:
        """By `subject` and by the servers behind it, so far."""
        servers = [server.process for server in (self.lab.mysql, self.lab.redis) if server.owned]
        sql, redis = 0, 0
        if isinstance(subject, Shop):
            with subject.running.database() as db, subject.running.redis() as client:
                row = db.one("SHOW GLOBAL STATUS LIKE 'Questions'")
                sql, redis = (
                    int(row["Value"]) if row else 0,
                    int(client.info("stats")["total_reads_processed"]),
                )
        return Spent(processor_seconds([*subject.processes, *servers]), sql, redis)

    def _measure(self, subject: Subject, kind: str, url: str, tokens: Path | None = None) -> Peak:
        written = None
        if isinstance(subject, Shop) and tokens:  # a while that does not count: the sale is warm afterwards
            warm = load(self.lab, self.wrk, url, WARM_UP, tokens)
            written = Written(subject.running, sale_of(url))
            written.wait(warm.requests - warm.refused)
        before = self.spent(subject)
        answered = load(self.lab, self.wrk, url, self.seconds, tokens)
        under_load = self.spent(subject) - before
        yes = answered.requests - answered.refused
        count, other = (answered.refused, yes) if kind == "refused" else (yes, answered.refused)
        if not count:
            raise LabError(f"{subject.name}: not one of {answered.requests} answers was {kind}")
        drain = written.wait(count) if written and kind == "accepted" else None
        spent = self.spent(subject) - before
        return Peak(
            *(subject.name, kind, count, other, answered.seconds, answered.p50_ms, answered.p99_ms),
            cpu_us=1e6 * spent.cpu / count,
            sql=spent.sql / count,
            redis=spent.redis / count,
            generator=answered.generator_cpu / (answered.generator_cpu + under_load.cpu),
            drain_s=drain,
        )


class Written:
    """The orders of one sale, as they come to be written."""

    def __init__(self, running: Running, sale_id: int) -> None:
        self._running = running
        self._sale_id = sale_id
        self.orders = 0

    def wait(self, more: int) -> float | None:
        """Wait until `more` orders than last time are written, and no further one comes.

        The seconds until the last one; None when it takes longer than `LONGEST_DRAIN`.
        """
        least, began = self.orders + more, time.monotonic()
        last = began
        with self._running.database() as db:
            while True:
                orders, now = orders_of(db, self._sale_id), time.monotonic()
                if orders != self.orders:
                    self.orders, last = orders, now
                if orders >= least and now - last >= QUIET:
                    return last - began
                if now - began > LONGEST_DRAIN:
                    return None
                time.sleep(0.05)


def orders_of(db: Db, sale_id: int) -> int:
    row = db.one("SELECT COUNT(*) AS orders FROM orders WHERE sale_id = %s", sale_id)
    return int(row["orders"]) if row else 0


def press_url(shop: Shop, units: int) -> str:
    """Where to press for a new sale of so many units."""
    return f"{shop.url}/api/sales/{open_sale(shop.running, units, LIMIT)}/orders"


def sale_of(url: str) -> int:
    """The sale of a `press_url`."""
    return int(url.split("/")[-2])
