"""hw10: how many retries all processes together may send to one service."""

from __future__ import annotations

from dataclasses import dataclass

from redis import Redis

from common.backends import Keys

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
        self._redis = redis
        self._key = keys.shared(f"retries:{to}")
        self._rule = rule or Rule()

    def first(self) -> None:
        """A first try is about to be made."""
        self._run("first")

    def retry(self) -> bool:
        """Whether one retry may be made. If so, it is paid."""
        return self._run("retry") == 1

    def _run(self, what: str) -> int:
        """Look, work it out, and write."""
        saved, per = int(self._redis.get(self._key) or 0), self._rule.per
        if what == "retry" and saved < per:
            return 0
        saved = min(saved + 1, self._rule.most * per) if what == "first" else saved - per
        self._redis.set(self._key, saved, px=self._rule.keep)
        return 1
