"""hw08: who presses for several units, and meets one limit or several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from redis import Redis

from common.backends import Clock, Keys
from common.shop import Invalid

SCRIPT = Path(__file__).with_name("gcra.lua")
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
        self._script = redis.register_script(SCRIPT.read_text("utf-8"))
        self._keys, self._clock, self._rules = keys, clock, rules

    def ask(self, sale_id: int, buyer_id: int, units: int = 1) -> Answer:
        """Let `units` through, all or none. Raises `Invalid` when that is less than one."""
        if units < 1:
            raise Invalid("units", "one at least")
        now = (self._clock() - EPOCH) // timedelta(milliseconds=1)
        keys = {"sale": self._keys(sale_id, "limit:all"), "buyer": self._keys(sale_id, f"limit:{buyer_id}")}
        numbers = [n for rule in self._rules.values() for n in (rule.count, rule.period, rule.burst)]
        answer = self._script(keys=[keys[name] for name in self._rules], args=[now, units, *numbers])
        match answer:
            case [int(allowed), int(remaining), int(retry_after), int(reset_after)]:
                return Answer(allowed == 1, remaining, retry_after, reset_after)
            case None:
                raise NotImplementedError("Nothing is returned by gcra.lua yet")
        raise ValueError(f"gcra.lua answered {answer!r}, which is none of what its head says")
