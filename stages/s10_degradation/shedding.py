"""Adaptive concurrency: how many presses may be under way is found out by how long they take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock

from common.backends import Clock
from common.shop import Attempt, Buy, Door, Entry, Outcome, Visit
from stages.s10_degradation.budget import TimeBudget
from stages.s10_degradation.gates import busy

LESS = 0.7  # of the limit is left when a press came too late
SHARE = 0.5  # of its budget that a press may use: who has used more on arrival cannot be served in time
PAUSE = 0.2  # seconds in which the limit is lowered once: all who are late in them are late for one reason


class AdaptiveLimit:
    """How many may be under way: about one more after a round of presses in time, `LESS` of them after one
    that was late. (AIMD, as TCP does it: additive increase, multiplicative decrease.)

    Between 1 and `most`. Guarantees that it comes down within a few rounds when each press begins to take
    longer, and up again when it does not any more; not that it is ever at the very best number.
    """

    def __init__(self, clock: Clock, most: int) -> None:
        self.limit = float(most)
        self._clock = clock
        self._most = most
        self._lock = Lock()
        self._under_way = 0
        self._lowered: datetime = clock()

    def enter(self, spare: int = 0) -> bool:
        """Whether there is room for one more, who then has to `leave`; and for `spare` others after that (if
        the limit is not too low for it)."""
        with self._lock:
            if self._under_way >= max(1, int(self.limit) - spare):
                return False
            self._under_way += 1
            return True

    def leave(self, in_time: bool) -> None:
        with self._lock:
            used = 2 * self._under_way >= int(self.limit)
            self._under_way -= 1
            if in_time and used:  # a limit that nobody comes near says nothing about what would be too many
                self.limit = min(self.limit + 1 / self.limit, self._most)
            elif not in_time and self._clock() - self._lowered >= timedelta(seconds=PAUSE):
                self.limit = max(self.limit * LESS, 1.0)
                self._lowered = self._clock()


class Shedding:
    """A `Gate` that sends away, before any work, whom the shop could not serve in time.

    That is who has waited for too long already, wherever it was, and who would be one too many under way. So
    a shop that is asked for more than it can do goes on doing what it can, and the rest is told so at once.
    What it cannot do: a refusal costs something too, and at enough of them nothing else is done any more.
    """

    def __init__(self, budget: TimeBudget, limit: AdaptiveLimit) -> None:
        self._budget = budget
        self._limit = limit

    def __call__(self, attempt: Attempt, proceed: Buy) -> Outcome:
        with self.place():
            return proceed(attempt)

    @contextmanager
    def place(self, spare: int = 0) -> Iterator[None]:
        """In this block one more is under way. Raises `Busy` instead of beginning with it."""
        if not self._in_time():
            raise busy("There is no time left to serve you; nothing was taken")
        if not self._limit.enter(spare):
            raise busy("Too many are being served at this moment; nothing was taken")
        try:
            yield
        finally:
            self._limit.leave(self._in_time())

    def _in_time(self) -> bool:
        left = self._budget.left()
        return left is None or left >= (1 - SHARE) * self._budget.whole


class DoorInTime:
    """The `Door`, for visitors who have no more time than buyers, and count with them.

    But one place is kept for presses: what was done for somebody who has a permit is wasted if there is no
    room for their press.
    """

    def __init__(self, door: Door, budget: TimeBudget, shedding: Shedding) -> None:
        self._door = door
        self._budget = budget
        self._shedding = shedding

    def enter(self, visit: Visit) -> Entry:
        with self._budget.request(), self._shedding.place(spare=1):
            return self._door.enter(visit)
