"""Limiters that people really write, and edges that they really configure. The proofs must notice each.

(That four of the five algorithms let more through in some window than their number says is no mistake: it is
what they do. See limiter.py.)
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

from redis import Redis

from common.backends import Keys
from stages.s04_static_edge.foils import swap
from stages.s08_rate_limits.limiter import Limiter, Reached, SlidingLog
from stages.s08_rate_limits.rules import Rules

HERE = Path(__file__).parent


class CountsForItself(SlidingLog):
    """Counts in the memory of the process. With n processes, everybody may press n times as often."""

    def __init__(self, redis: Redis, keys: Keys, rules: Rules) -> None:
        super().__init__(redis, keys, rules)
        self._let_through: defaultdict[str, list[float]] = defaultdict(list)

    def ask(self, subjects: Mapping[str, str]) -> Reached | None:
        now = time.time()
        logs = []
        for name, limit in self._rules.show().items():
            if limit and name in subjects:
                log = self._let_through[self.key(name, subjects[name])]
                log[:] = [at for at in log if at > now - limit.seconds]
                if len(log) >= limit.count:
                    return Reached(name, limit, log[0] + limit.seconds - now)
                logs.append(log)
        for log in logs:
            log.append(now)
        return None


class LooksThenCounts(Limiter):
    """GET, then INCR, then EXPIRE, one after the other: everybody who looks before anybody counts gets in.

    And a process that dies before the EXPIRE leaves a count that never ends: whose it is never gets in again.
    """

    algorithm = "fixed_window"

    def ask(self, subjects: Mapping[str, str]) -> Reached | None:
        for name, limit in self._rules.show().items():
            if limit and name in subjects:
                key = self.key(name, subjects[name]) + ":counted"
                if int(self.redis.get(key) or 0) >= limit.count:
                    return Reached(name, limit, max(self.redis.pttl(key), 1) / 1000)
                if self.redis.incr(key) == 1:
                    self.redis.expire(key, limit.seconds)
        return None


class OneAfterTheOther(SlidingLog):
    """Asks each limit by itself. A press that the second one keeps out has used up the first.

    So whoever is over their own limit goes on pressing, and closes the shop for everybody else.
    """

    def ask(self, subjects: Mapping[str, str]) -> Reached | None:
        for name in ("shop", "sale", "address", "buyer"):
            if name in subjects and (reached := super().ask({name: subjects[name]})):
                return reached
        return None


class CallsPressesByTheMillisecond(Limiter):
    """A sliding log in which a press goes by its time in milliseconds. All of one millisecond are one."""

    algorithm = "millisecond_log"


class TrustsItsOwnClock(SlidingLog):
    """Sends its own time along. Two clocks that differ, or a press that is slow on its way, and a window that
    is over for one process has not begun for another."""

    clock = HERE / "callers_now.lua"

    def __init__(
        self, redis: Redis, keys: Keys, rules: Rules, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(redis, keys, rules)
        script = self._script
        self._script = lambda keys, args: script(keys, [*args, round(clock() * 1_000_000)])


def counts_who_it_is_told(conf: str) -> str:
    """An edge that counts by the address in a header. A header is what the visitor writes."""
    return swap(conf, "11 $binary_remote_addr;", "11 $http_x_forwarded_for;")


def answers_presses_itself(conf: str) -> str:
    """An edge with an answer of its own for a press, such as "sold out", and a limit in front of it.

    The answer is given before nginx comes to the limit: `return` never meets `limit_req`.
    """
    return swap(conf, "error_page 429 = /api/too_many;", "if ($is_press) { return 409; }")
