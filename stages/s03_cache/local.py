"""The first cache: a dictionary in this process. Costs nothing to ask, and nobody else can empty it."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, NamedTuple, TypeVar, cast

from common.backends import Clock

T = TypeVar("T")


class Kept(NamedTuple):
    until: datetime
    value: Any


class LocalCache:
    """Values kept for at most `ttl` seconds (a random half to whole of it), at most `size` of them.

    Guarantees single flight: of any number of threads that miss the same key at once, one loads and the
    others wait for its value (or its exception). Guarantees that what was dropped is not put back by a load
    that began before. Does not hear of changes by itself: see `invalidation`.
    """

    def __init__(self, clock: Clock, ttl: float = 0.4, size: int = 1000) -> None:
        self._clock = clock
        self._ttl = ttl
        self._size = size
        self._lock = Lock()
        self._entries: dict[str, Kept] = {}
        self._flights: dict[str, Future[Any]] = {}

    def get(self, key: str, load: Callable[[], T]) -> T:
        with self._lock:
            kept = self._entries.get(key)
            if kept is not None and self._clock() < kept.until:
                return cast(T, kept.value)
            flight: Future[T] | None = self._flights.get(key)
            leads = flight is None
            if flight is None:
                flight = self._flights[key] = Future()
        return self._lead(key, flight, load) if leads else flight.result()

    def drop(self, key: str) -> None:
        """Forget the value, and the load under way: its answer may be older than the drop."""
        with self._lock:
            self._entries.pop(key, None)
            self._flights.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._flights.clear()

    def _lead(self, key: str, flight: Future[T], load: Callable[[], T]) -> T:
        try:
            value = load()
        except BaseException as error:
            self._land(key, flight)
            flight.set_exception(error)
            raise
        with self._lock:
            if self._flights.get(key) is flight:
                self._keep(key, value)
        self._land(key, flight)
        flight.set_result(value)
        return value

    def _keep(self, key: str, value: Any) -> None:
        if len(self._entries) >= self._size:
            self._entries.pop(next(iter(self._entries)))  # the oldest: dictionaries keep their order
        jitter = random.uniform(0.5, 1)  # values loaded together do not expire together
        self._entries.pop(key, None)
        self._entries[key] = Kept(self._clock() + timedelta(seconds=self._ttl * jitter), value)

    def _land(self, key: str, flight: Future[Any]) -> None:
        with self._lock:
            if self._flights.get(key) is flight:
                del self._flights[key]
