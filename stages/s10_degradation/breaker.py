"""The circuit breaker: that a server does not answer is found out by few, and again by one at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock
from typing import Literal

from common.backends import Clock

FAILURES = 3  # in a row, after which a server is left alone
REST = 1.0  # seconds until somebody tries again

State = Literal["closed", "open", "half-open"]


class Breaker:
    """Closed, calls go through. After `failures` in a row it is open: none does, for `rest` seconds. Then it
    is half-open: one call is the probe. If that is answered it is closed again; if not, it rests again.

    For any number of threads. Guarantees that while it is not closed no more than one call in `rest` seconds
    goes through; a probe of which nothing is heard again costs one rest. Any answer closes it, a late one
    too. Does not know whether the server works, only what its callers have told it. Each process finds out by
    itself.
    """

    def __init__(self, clock: Clock, failures: int = FAILURES, rest: float = REST) -> None:
        self._clock = clock
        self._most = failures
        self._rest = timedelta(seconds=rest)
        self._lock = Lock()
        self._failures = 0
        self._rests_until: datetime = clock()

    @property
    def state(self) -> State:
        if self._failures < self._most:
            return "closed"
        return "open" if self._clock() < self._rests_until else "half-open"

    def lets_through(self) -> bool:
        """Whether a call may be made. Who is told so says what came of it: `worked` or `failed`."""
        with self._lock:
            state = self.state
            if state == "half-open":
                self._rest_again()  # the next to ask is no second probe
            return state != "open"

    def worked(self) -> None:
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            self._rest_again()

    def _rest_again(self) -> None:
        self._rests_until = self._clock() + self._rest
