"""Peaks: how many attempts a subject takes, and how many it turns away, when 32 connections never rest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from common.bench.subjects import Shop, Subject, processor_seconds
from common.bench.wrk import load
from common.demo.contest import open_sale
from common.lab import Lab, LabError
from common.lab.program import Program

PLENTY = 1_000_000
WARM_UP = 1  # seconds
LIMIT = 1000  # units for one buyer: the most there is


@dataclass(frozen=True)
class Peak:
    """One measurement. `count` is what counts: accepted attempts, refused ones, or answers.

    `other` were answered otherwise (refused where an order was due: `busy`). `cpu_us` is the servers' time
    for each that counts, the load generator's not included; `generator` is the generator's share of all.
    """

    subject: str
    kind: str
    count: int
    other: int
    seconds: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    generator: float

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

    def _measure(self, subject: Subject, kind: str, url: str, tokens: Path | None = None) -> Peak:
        load(
            self.lab, self.wrk, url, seconds=WARM_UP, tokens=tokens
        )  # connections, caches, scripts: all warm
        before = processor_seconds(self.lab)
        answered = load(self.lab, self.wrk, url, self.seconds, tokens)
        used = processor_seconds(self.lab) - before
        yes = answered.requests - answered.refused
        count, other = (answered.refused, yes) if kind == "refused" else (yes, answered.refused)
        if not count:
            raise LabError(f"{subject.name}: not one of {answered.requests} answers was {kind}")
        return Peak(
            *(subject.name, kind, count, other, answered.seconds, answered.p50_ms, answered.p99_ms),
            cpu_us=1e6 * used / count,
            generator=answered.generator_cpu / (answered.generator_cpu + used),
        )


def press_url(shop: Shop, units: int) -> str:
    """Where to press for a new sale of so many units."""
    return f"{shop.url}/api/sales/{open_sale(shop.running, units, LIMIT)}/orders"


def sale_of(url: str) -> int:
    """The sale of a `press_url`."""
    return int(url.split("/")[-2])
