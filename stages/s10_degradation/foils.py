"""Ways to degrade that people really build. The proofs must notice each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from redis import RedisError

from common.shop import Switchboard
from stages.s08_rate_limits.limiter import Reached, SlidingLog
from stages.s10_degradation.breaker import Breaker
from stages.s10_degradation.budget import TimeBudget
from stages.s10_degradation.bulkhead import Bulkhead
from stages.s10_degradation.shedding import AdaptiveLimit
from stages.s10_degradation.switches import LiveSwitches


class TimeoutForEachCall(TimeBudget):
    """A timeout on every call, and none on the whole: three calls that hang take three times as long."""

    def for_a_call(self) -> float | None:
        return None if self.left() is None else self.call


class NeverHalfOpens(Breaker):
    """Opens, and waits to be closed by hand: the server is back, and nobody asks it."""

    def lets_through(self) -> bool:
        return self.state == "closed"


class ProbesWithEverybody(Breaker):
    """Half-open for all at once: each rest ends with a crowd that waits for a server that hangs."""

    def lets_through(self) -> bool:
        return self.state != "open"


class TriesAgain(SlidingLog):
    """Tries three times what did not work. Each layer that does so multiplies the load on what is down."""

    def ask(self, subjects: Mapping[str, str]) -> Reached | None:
        for _ in range(2):
            with suppress(RedisError):
                return super().ask(subjects)
        return super().ask(subjects)


class OnePool(Bulkhead):
    """One pool of threads for everything. Who hangs in it takes the thread that anybody else needs."""

    @contextmanager
    def place(self, compartment: object) -> Iterator[None]:  # noqa: ARG002 - that is the mistake
        yield


class FixedLimit(AdaptiveLimit):
    """The number that was right on the day of the load test."""

    def leave(self, in_time: bool) -> None:  # noqa: ARG002 - that is the mistake
        with self._lock:
            self._under_way -= 1


class AsksEachTime(LiveSwitches):
    """Looks the switches up when they are needed: one round trip more, and none to be had in the very hour
    for which they were made. What cannot be looked up is taken for as usual."""

    def now(self) -> Switchboard:
        try:
            self.look()
        except RedisError:
            return Switchboard()
        return super().now()
