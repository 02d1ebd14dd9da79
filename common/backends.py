"""Backends: everything a stage touches outside itself. The only way from a stage to its servers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Self

import pymysql
from redis import BlockingConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from common.database import Db, Opener, Pool
from common.proof.announce import AnnouncedMariaDB, announced
from common.proof.steps import Watcher
from common.settings import Settings

Clock = Callable[[], datetime]
"""Answers the time now, aware and in UTC. A proof passes one that it moves by hand."""


def system_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Keys:
    """Names of Redis keys. `keys(42, "stock")` is `s05:{42}:stock`.

    The braces are a hash tag: on a cluster all keys of one sale live on one node, from the first day on.
    """

    prefix: str

    def __call__(self, sale_id: int, name: str) -> str:
        return f"{self.prefix}:{{{sale_id}}}:{name}"

    def shared(self, name: str) -> str:
        """A key that belongs to no sale."""
        return f"{self.prefix}:{name}"


@dataclass(frozen=True)
class Backends:
    """The servers of one stage as seen by one process. Threads share it; processes do not.

    `stock`, `cache` and `queue` are roles of Redis: one server until s16.
    """

    settings: Settings
    keys: Keys
    clock: Clock
    stock: Redis
    cache: Redis
    queue: Redis
    pool: Pool

    def sql(self) -> AbstractContextManager[Db]:
        """Borrow a database connection: `with b.sql() as db`. Never keep it."""
        return self.pool.lend()

    def observe(self, watcher: Watcher) -> Self:
        """The same servers through connections of their own, each round trip announced to `watcher`."""
        return self.connect(self.keys.prefix, self.settings, self.clock, watcher)

    @classmethod
    def connect(
        cls, stage: str, settings: Settings, clock: Clock = system_clock, watcher: Watcher | None = None
    ) -> Self:
        """Backends of `stage` ("s05"). Opens no connection: the first use does."""
        redis = connect_redis(settings, watcher)
        driver = partial(AnnouncedMariaDB, watcher) if watcher else pymysql.connect
        return cls(
            settings=settings,
            keys=Keys(stage),
            clock=clock,
            stock=redis,
            cache=redis,
            queue=redis,
            pool=Pool(
                Opener(settings.mysql_url, database_name(stage), driver),
                size=settings.web_threads + 1,  # one more than requests: services read too
            ),
        )


def database_name(stage: str) -> str:
    """Each stage has its own database, so that two of them run side by side: s05 -> seckill_s05."""
    return f"seckill_{stage}"


def connect_redis(settings: Settings, watcher: Watcher | None = None) -> Redis:
    """A Redis client that never re-sends a command by itself.

    redis-py 8 repeats a command whose reply was lost, ten times by default: one call of a script that takes a
    unit then takes several. Repeating is the caller's decision, and safe only for what is idempotent.
    """
    pool = BlockingConnectionPool.from_url(
        settings.redis_url,
        max_connections=2 * settings.web_threads + 4,
        timeout=5,
        socket_timeout=5,
        socket_connect_timeout=5,
        retry=Retry(NoBackoff(), 0),
    )
    if watcher:
        pool.connection_class = announced(pool.connection_class, watcher)
    return Redis.from_pool(pool)
