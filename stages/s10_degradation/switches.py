"""Live switches: kept in Redis for all processes, and in each process as it last saw them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any, Literal

from redis import Redis, RedisError

from common.backends import Keys
from common.shop import Switchboard
from stages.s10_degradation.budget import TimeBudget

log = logging.getLogger(__name__)

EVERY = 0.5  # seconds between two looks


class LiveSwitches:
    """The `Switches` of s10, and a `Service` in each web process that looks after them.

    Guarantees that a change is obeyed in every process within a second while Redis answers; that while it
    does not, what was last seen goes on being obeyed, and nobody waits to find out. Costs a press nothing. A
    process begins with the usual setting, until its first look, and a Redis that lost its memory has it too.
    """

    where: Literal["web"] = "web"

    def __init__(self, redis: Redis, keys: Keys, budget: TimeBudget) -> None:
        self._redis = redis
        self._key = keys.shared("switches")
        self._budget = budget
        self._seen = Switchboard()

    def now(self) -> Switchboard:
        return self._seen

    def show(self) -> Switchboard:
        with suppress(RedisError):
            self.look()
        return self._seen

    def change(self, changes: Mapping[str, bool | int]) -> None:
        """Raises `RedisError`, and nothing is changed (or nobody knows: look again)."""
        if changes:
            self._redis.hset(self._key, mapping={name: int(value) for name, value in changes.items()})
        self.look()

    def look(self) -> None:
        """See how they are set. Raises `RedisError`."""
        self._seen = read(self._redis.hgetall(self._key))

    def run(self, stop: Callable[[], bool]) -> None:
        while not stop():
            try:
                with self._budget.request():
                    self.look()
            except RedisError as error:
                log.warning("the switches stay as they were: %s", error)
            time.sleep(EVERY)


def read(kept: Mapping[Any, Any]) -> Switchboard:
    """What the hash holds. What is no switch of ours, or no value for it, is as if it were not there."""
    usual = Switchboard()
    texts = {text(name): text(value) for name, value in kept.items()}
    known = {
        name: type(value)(int(texts[name]))
        for name, value in asdict(usual).items()
        if texts.get(name, "").isdecimal()
    }
    return replace(usual, **known)


def text(sent: bytes) -> str:
    return sent.decode("utf-8", "replace")
