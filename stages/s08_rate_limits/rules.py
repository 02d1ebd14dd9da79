"""Which limits are in force: kept in Redis beside what they count, so that a change needs no restart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from redis import Redis

from common.backends import Keys
from common.shop import Limit

# No person presses ten times a second for long. How many a sale and the shop can bear, those have to say who
# run them; and how many buyers share an address, nobody knows beforehand.
USUAL: Mapping[str, Limit | None] = {
    "buyer": Limit(50, seconds=5),
    "address": None,
    "sale": None,
    "shop": None,
}


class Rules:
    """The `Limits` of s08, in one hash. Raises `RedisError`.

    Guarantees that a change is obeyed by every press that is counted after it, in every process: the script
    that counts reads the rules in the same step. What was counted stays counted, as far as it is remembered:
    a window that is made longer begins with what the shorter one knew. A Redis that lost its memory has
    `USUAL` again.
    """

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self.key = keys.shared("{limits}:rules")

    def show(self) -> dict[str, Limit | None]:
        kept = self._redis.hmget(self.key, list(USUAL))
        return {name: read(rule, usual) for (name, usual), rule in zip(USUAL.items(), kept, strict=True)}

    def change(self, limits: Mapping[str, Limit | None]) -> None:
        if limits:
            self._redis.hset(self.key, mapping={name: written(limit) for name, limit in limits.items()})


def written(limit: Limit | None) -> str:
    """A rule as let_through.lua reads it."""
    return f"{limit.count} {limit.seconds}" if limit else "off"


def read(rule: Any, usual: Limit | None) -> Limit | None:
    if rule is None:
        return usual
    count, _, seconds = rule.decode().partition(" ")
    return Limit(int(count), int(seconds)) if seconds else None
