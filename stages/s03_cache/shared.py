"""The second cache: Redis, one for all processes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

from redis import Redis, RedisError

from common.backends import Keys
from common.ids import new_id

HERE = Path(__file__).parent
LEASE = 0.5  # seconds one reader may take to load before another one tries


class SharedCache:
    """Bytes kept in Redis for at most `ttl` seconds (a random three quarters to whole of it).

    Guarantees single flight across processes: a missing entry is loaded by the one reader that got its lease,
    the others wait for it, for `LEASE` seconds at most. Guarantees that a value read before a drop is not put
    back after it: each drop raises the entry's version, and a put names the version it began with. Does not
    need Redis to answer: without it every load goes to its source.
    """

    def __init__(self, redis: Redis, keys: Keys, ttl: float = 1.0) -> None:
        self.redis = redis
        self.channel = keys.shared("dropped")
        self._keys = keys
        self._ttl = ttl
        self._look = redis.register_script((HERE / "look.lua").read_text())
        self._put = redis.register_script((HERE / "put.lua").read_text())
        self._drop = redis.register_script((HERE / "drop.lua").read_text())

    def get(self, name: str, load: Callable[[], bytes]) -> bytes:
        """The entry, loaded by `load` if nobody has."""
        try:
            return self._get(name, load)
        except RedisError:
            return load()

    def drop(self, name: str) -> None:
        """Forget the entry, and tell every process that it is gone. Raises `RedisError`."""
        self._drop(keys=self._names(name)[:2], args=[self.channel, name])

    def _get(self, name: str, load: Callable[[], bytes]) -> bytes:
        token = new_id()
        give_up = time.monotonic() + LEASE
        while time.monotonic() < give_up:
            value, version, leads = self._look(keys=self._names(name), args=[token, int(LEASE * 1000)])
            if value is not None:
                return bytes(value)
            if leads:
                return self._fill(name, token, version, load)
            time.sleep(random.uniform(0.002, 0.01))  # somebody else is loading it
        return load()  # they died, or are slow: better one statement more than a reader without an answer

    def _fill(self, name: str, token: str, version: bytes, load: Callable[[], bytes]) -> bytes:
        value = load()
        ttl_ms = int(self._ttl * random.uniform(0.75, 1) * 1000)
        self._put(keys=self._names(name), args=[token, version, value, ttl_ms])
        return value

    def _names(self, name: str) -> list[str]:
        base = self._keys.shared(f"{{{name}}}")
        return [f"{base}:value", f"{base}:version", f"{base}:lease"]
