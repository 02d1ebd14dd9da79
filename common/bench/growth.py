"""Growth: does an attempt cost the same when a thousand times more come? And a buyer in memory?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from common.bench.peaks import Bench, Written, press_url, sale_of
from common.bench.subjects import Shop
from common.bench.wrk import press_once_each
from common.lab import LabError
from common.running import Running


@dataclass(frozen=True)
class Size:
    """So many attempts at one fresh sale. `kind` is "accepted" or "refused", as all of them were.

    `cpu_us` is what the servers spent on each, until the last order was written; `redis_bytes` is what the
    sale takes in Redis afterwards.
    """

    subject: str
    kind: str
    attempts: int
    seconds: float
    cpu_us: float
    redis_bytes: int

    @property
    def bytes_each(self) -> float:
        return self.redis_bytes / self.attempts


def grow(bench: Bench, shop: Shop, kind: str, sizes: Sequence[int]) -> Iterator[Size]:
    """One fresh sale for each size, and that many attempts, all accepted or all refused.

    Who is accepted is another buyer each time; who is refused comes again when all have been. `LabError` when
    one unit more or less was sold: then nothing can be said.
    """
    for attempts in sizes:
        url = press_url(shop, attempts if kind == "accepted" else 0)
        before = bench.spent(shop)
        seconds = press_once_each(bench.lab, bench.wrk, url, shop.tokens, attempts)
        written, wanted = Written(shop.running, sale_of(url)), attempts if kind == "accepted" else 0
        if written.wait(wanted) is None or written.orders != wanted:
            raise LabError(f"{shop.name}: {written.orders} orders, where {wanted} were due")
        used = (bench.spent(shop) - before).cpu
        size = redis_bytes(shop.running, sale_of(url))
        yield Size(shop.name, kind, attempts, round(seconds, 2), 1e6 * used / attempts, size)


def redis_bytes(running: Running, sale_id: int) -> int:
    """What the keys of one sale take, every element of them counted, and its jobs in the queue, if any."""
    with running.redis() as redis:
        return sum(
            int(redis.memory_usage(name, samples=0) or 0)
            for pattern in (f"{running.stage.code}:{{{sale_id}}}:*", f"rq:job:{sale_id}-*")
            for name in redis.scan_iter(match=pattern, count=1000)
        )
