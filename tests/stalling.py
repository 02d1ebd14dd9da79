"""A shop whose servers can be made to stall: alive, connected, and silent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from common.lab import Lab
from common.proof.proxy import Proxy
from common.proof.steps import Server
from common.settings import Settings
from common.shop import Attempt
from tests.world import World

THREADS = 4  # of a web process


class Clock:
    """The time as it is, moved forward by hand besides."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def forward(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Stalling:
    """A shop behind proxies that can make either server stall: keep every connection, and pass nothing on."""

    shop: World
    clock: Clock
    proxies: Mapping[Server, Proxy]

    def forget_what_was_read(self) -> None:
        """No cache has the sales any more, and nobody is reading them."""
        self.clock.forward(60)
        for name in ("value", "lease"):
            for entry in self.shop.backends.cache.keys(f"{self.shop.stage.code}:*:{name}"):
                self.shop.backends.cache.delete(entry)

    def renewed(self, attempt: Attempt) -> Attempt:
        """The same press, sent (again) now."""
        return replace(attempt, id=f"{attempt.id}x", deadline=self.clock() + timedelta(minutes=5))


Stallings = Callable[..., Stalling]


@pytest.fixture
def stalling(lab: Lab, settings: Settings) -> Iterator[Stallings]:
    """`stalling("s10", breaker=…)`: a process of that stage whose servers can be made to stall."""
    with ExitStack() as at_the_end:
        mysql, redis = (at_the_end.enter_context(Proxy(server.tcp)) for server in (lab.mysql, lab.redis))
        through = replace(
            settings,
            mysql_url="mysql://root@{}:{}/".format(*mysql.address),
            redis_url="redis://{}:{}/0".format(*redis.address),
            web_threads=THREADS,
        )

        def make(code: str, **plugs: Any) -> Stalling:
            clock = Clock()
            shop = World(code, through, clock, **plugs)
            at_the_end.callback(shop.close)
            made = Stalling(shop, clock, {"Redis": redis, "MariaDB": mysql})
            made.forget_what_was_read()  # by whom an earlier proof has left behind
            return made

        yield make
