"""How a change empties the caches: an event after the commit, carried to every process by Redis pub/sub."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Literal

from redis import RedisError

from common.shop import SaleChanged
from stages.s03_cache.catalog import INDEX, entry
from stages.s03_cache.local import LocalCache
from stages.s03_cache.shared import SharedCache

log = logging.getLogger(__name__)


class Invalidation:
    """A listener: drops what a committed change made old, here and everywhere.

    Must run after the commit. Before it, a reader could load the old row and keep it, with nobody left to
    tell. Does not fail the change when Redis is away: the times to live are the net below.
    """

    def __init__(self, local: LocalCache, shared: SharedCache) -> None:
        self._local = local
        self._shared = shared

    def __call__(self, event: SaleChanged) -> None:
        for name in (entry(event.sale_id), INDEX):
            try:
                self._shared.drop(name)
            except RedisError as error:
                log.warning("could not drop %s from the shared cache: %s", name, error)
            self._local.drop(name)


class Subscriber:
    """A service in each web process: empties the local cache when any process drops an entry.

    Pub/sub delivers at most once, and nothing to who is not there: so after every (re)connection the whole
    local cache goes, and a lost message is bounded by the local time to live.
    """

    where: Literal["web"] = "web"

    def __init__(self, local: LocalCache, shared: SharedCache) -> None:
        self._local = local
        self._shared = shared

    def run(self, stop: Callable[[], bool]) -> None:
        while not stop():
            try:
                self._listen(stop)
            except RedisError as error:
                log.warning("not hearing of changes: %s", error)
                time.sleep(0.2)

    def _listen(self, stop: Callable[[], bool]) -> None:
        with self._shared.redis.pubsub(ignore_subscribe_messages=True) as messages:  # type: ignore[no-untyped-call]
            messages.subscribe(self._shared.channel)
            self._local.clear()
            while not stop():
                message = messages.get_message(timeout=0.2)
                if message:
                    self._local.drop(message["data"].decode())
