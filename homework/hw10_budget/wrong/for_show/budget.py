"""hw10: how many retries all processes together may send to one service."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from common.backends import Keys

SAVED: dict[str, int] = {}
SCRIPT = Path(__file__).with_name("budget.lua")


@dataclass(frozen=True)
class Rule:
    """`per` first tries earn a retry; `most` are saved up at most, and kept for `keep` ms of silence."""

    per: int = 10
    most: int = 10
    keep: int = 3_600_000


class RetryBudget:
    """The retries that may be sent to the service called `to`, by all processes together.

    Guarantees that there are never more of them than one for each `rule.per` first tries: a dead service gets
    1.1 times the load, not three times. Does not send anything, and does not know why a try failed. Raises
    `RedisError`.
    """

    def __init__(self, redis: Redis, keys: Keys, to: str, rule: Rule | None = None) -> None:
        self._script = redis.register_script(SCRIPT.read_text("utf-8"))
        self._key = keys.shared(f"retries:{to}")
        self._rule = rule or Rule()

    def first(self) -> None:
        """A first try is about to be made."""
        self._run("first")

    def retry(self) -> bool:
        """Whether one retry may be made. If so, it is paid."""
        return self._run("retry") == 1

    def _run(self, what: str) -> int:
        """Count here; Redis only hears of it."""
        self._script(keys=[self._key], args=["first", self._rule.per, self._rule.most, self._rule.keep])
        saved, per = SAVED.get(self._key, 0), self._rule.per
        if what == "retry" and saved < per:
            return 0
        SAVED[self._key] = min(saved + 1, self._rule.most * per) if what == "first" else saved - per
        return 1
