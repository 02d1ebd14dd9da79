"""What proofs about rates share: a clock in Redis that is moved by hand, and what any window sees."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path

from redis import Redis

from stages.s08_rate_limits.limiter import Limiter

SECOND = 1_000_000  # µs
NOON = 1_893_499_200 * SECOND  # of 1 January 2030; whole minutes begin whole windows
HAND_CLOCK = Path(__file__).parent / "hand_clock.lua"


def by_hand(kind: type[Limiter]) -> type[Limiter]:
    """The limiter `kind`, with its own scripts, at the time of a `RedisClock`; and with keys of its own, so
    that nothing of that time is left for anybody else."""

    def key(self: Limiter, name: str, subject: str) -> str:
        return f"{kind.key(self, name, subject)}:by hand"

    return type(f"{kind.__name__}ByHand", (kind,), {"clock": HAND_CLOCK, "key": key})


class RedisClock:
    """The time that every limiter made `by_hand` sees on this server. It stands still until it is moved."""

    def __init__(self, redis: Redis, now: int = NOON) -> None:
        self._redis = redis
        self.set(now)

    def set(self, now: int) -> None:
        """Unix µs."""
        self.now = now
        self._redis.set("hand clock", now)

    def forward(self, microseconds: int) -> None:
        self.set(self.now + microseconds)


def most_in_any(window: int, times: Sequence[int]) -> int:
    """The most of these moments that lie in one window, wherever it begins. Its end is no part of it."""
    ordered = sorted(times)
    return max((bisect_left(ordered, at + window) - n for n, at in enumerate(ordered)), default=0)
