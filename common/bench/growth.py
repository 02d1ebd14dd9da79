"""Growth: does an attempt cost the same when a thousand times more come? And a buyer in memory?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from common.bench.peaks import Bench, press_url, sale_of
from common.bench.subjects import Shop, processor_seconds
from common.bench.wrk import press_once_each
from common.lab import LabError
from common.running import Running


@dataclass(frozen=True)
class Size:
    """So many buyers, each of whom bought one unit. Bytes are those of the sale's keys in Redis."""

    subject: str
    buyers: int
    seconds: float
    cpu_us: float
    redis_bytes: int

    @property
    def bytes_per_buyer(self) -> float:
        return self.redis_bytes / self.buyers


def grow(bench: Bench, shop: Shop, sizes: Sequence[int]) -> Iterator[Size]:
    """One fresh sale for each size, and that many buyers, each pressing once.

    Not for stages that answer before the order is written: there the queue is what is measured.
    """
    for buyers in sizes:
        url = press_url(shop, buyers)
        before = processor_seconds(bench.lab)
        seconds = press_once_each(bench.lab, bench.wrk, url, shop.tokens, buyers)
        used = processor_seconds(bench.lab) - before
        sold = units_sold(shop.running, sale_of(url))
        if sold != buyers:
            raise LabError(f"{shop.name}: of {buyers} buyers {sold} bought; nothing can be said about growth")
        size = redis_bytes(shop.running, sale_of(url))
        yield Size(shop.name, buyers, round(seconds, 2), 1e6 * used / buyers, size)


def units_sold(running: Running, sale_id: int) -> int:
    with running.database() as db:
        row = db.one("SELECT COALESCE(SUM(quantity), 0) AS sold FROM orders WHERE sale_id = %s", sale_id)
    assert row
    return int(row["sold"])


def redis_bytes(running: Running, sale_id: int) -> int:
    """What the keys of one sale take, every element of them counted."""
    with running.redis() as redis:
        names = redis.scan_iter(match=f"{running.stage.code}:{{{sale_id}}}:*", count=1000)
        return sum(int(redis.memory_usage(name, samples=0) or 0) for name in names)
