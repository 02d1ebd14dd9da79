"""hw08: who presses for several units, and meets one limit or several."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from redis import Redis

from common.backends import Clock, Keys
from common.shop import Invalid

COUNTED: dict[str, int] = {}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Rule:
    """`burst` units at once, and `count` more in each `period` (ms)."""

    count: int
    period: int
    burst: int


@dataclass(frozen=True)
class Answer:
    """What came of a press. Times are ms; a `retry_after` of -1 means never."""

    allowed: bool
    remaining: int
    retry_after: int
    reset_after: int


class Limiter:
    """Lets units through as long as each limit in `rules` has room: "sale" for all buyers of a sale together,
    "buyer" for each of them. Raises `RedisError`.

    Guarantees, for presses at once from any processes, that a press is counted in all limits or in none. Does
    not bear rules that change while something is counted.
    """

    def __init__(self, redis: Redis, keys: Keys, clock: Clock, rules: Mapping[str, Rule]) -> None:
        self._redis = redis
        self._keys, self._clock, self._rules = keys, clock, rules

    def ask(self, sale_id: int, buyer_id: int, units: int = 1) -> Answer:
        """Let `units` through, all or none. Raises `Invalid` when that is less than one."""
        if units < 1:
            raise Invalid("units", "one at least")
        now = (self._clock() - EPOCH) // timedelta(milliseconds=1)
        keys = {"sale": self._keys(sale_id, "limit:all"), "buyer": self._keys(sale_id, f"limit:{buyer_id}")}
        answer = self._work_out([keys[name] for name in self._rules], now, units)
        match answer:
            case [int(allowed), int(remaining), int(retry_after), int(reset_after)]:
                return Answer(allowed == 1, remaining, retry_after, reset_after)
            case None:
                raise NotImplementedError("Nothing is returned by gcra.lua yet")
        raise ValueError(f"gcra.lua answered {answer!r}, which is none of what its head says")

    def _work_out(self, keys: list[str], now: int, units: int) -> list[int]:
        """Look at each limit, then write to each."""
        rules, here, ahead = list(self._rules.values()), {}, set()
        for key, rule in zip(keys, rules, strict=True):
            most = rule.burst * rule.period
            here[key] = max(0, int(self._read(key) or 0) - now * rule.count)
            if here[key] > most:
                here[key] = most
                ahead.add(key)
        waits = [
            -((rule.burst - units) * rule.period - here[key]) / rule.count
            for key, rule in zip(keys, rules, strict=True)
        ]
        retry = -1 if any(units > rule.burst for rule in rules) else max(0, *map(math.ceil, waits))
        remaining, reset = [], []
        for key, rule in zip(keys, rules, strict=True):
            used = here[key] + (units * rule.period if retry == 0 else 0)
            if retry == 0 or key in ahead:
                self._write(key, now * rule.count + used, -(-used // rule.count))
            remaining.append(rule.burst - -(-used // rule.period))
            reset.append(-(-used // rule.count))
        return [int(retry == 0), min(remaining), retry, max(reset)]

    def _read(self, key: str) -> int | None:
        return COUNTED.get(key)

    def _write(self, key: str, full: int, ms: int) -> None:
        COUNTED[key] = full
        self._redis.eval("return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])", 1, key, full, ms)
