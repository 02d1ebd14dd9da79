"""More presses than a shop can serve, by a clock that is moved by hand: it can do what we let it do.

The model of a web process: `threads`, and before them a backlog, first come first served. A press that comes
to its first round trip waits there. Every `SERVICE` seconds one of those that wait, the first, is served, and
runs to its end. So the process serves 1 / `SERVICE` presses a second, however many it takes on; each that it
takes on makes all of them wait longer. To be sent away before any round trip costs `REFUSAL` of a service.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from common.proof.steps import Step
from common.shop import Attempt, Outcome, Refused, Shop
from tests.world import HandClock

SERVICE = 0.08  # seconds that the server needs for one press
REFUSAL = 0.02  # of that: what it costs to be sent away at once, before any round trip
WAITS = 1.0  # seconds that a buyer waits for an answer
PATIENCE = 30.0  # real seconds for what takes a millisecond


@dataclass
class Served:
    """One press, when it was meant, and when it was answered; `taken`: not with a refusal."""

    at: datetime
    answered: datetime | None = None
    taken: bool = False

    @property
    def good(self) -> bool:
        """The buyer was still there."""
        return (
            self.taken and self.answered is not None and self.answered - self.at <= timedelta(seconds=WAITS)
        )


class Station:
    """A watcher: holds each press at its first round trip, until it is served."""

    def __init__(self) -> None:
        self.waiting: deque[threading.Event] = deque()
        self._mine = threading.local()
        self._changed = threading.Condition()
        self._running = 0

    def before(self, step: Step) -> None:
        if getattr(self._mine, "held", True):  # no press, or one that has been served
            return
        self._mine.held = True
        served = threading.Event()
        with self._changed:
            self.waiting.append(served)
            self._running -= 1
            self._changed.notify_all()
        assert served.wait(PATIENCE)

    def after(self, step: Step, reply: str) -> None:
        """Nothing: a press that is served runs to its end."""

    def begin(self, press: Callable[[], None]) -> None:
        """Run `press` in a thread of its own, until it waits or has ended."""

        def run() -> None:
            self._mine.held = False
            try:
                press()
            finally:
                with self._changed:
                    self._running -= 1
                    self._changed.notify_all()

        self._running += 1
        threading.Thread(target=run, daemon=True).start()
        self._settle()

    def serve(self) -> None:
        """The first of those that wait runs to its end."""
        self._running += 1
        self.waiting.popleft().set()
        self._settle()

    def _settle(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: not self._running, PATIENCE), "a press waits for another"


@dataclass
class Process:
    """A web process, as the model has it."""

    shop: Shop
    clock: HandClock
    station: Station
    threads: int

    def run(self, attempts: Sequence[Attempt], rate: float) -> list[Served]:
        """So many presses a second, evenly, as long as there are any; what became of each."""
        start, backlog, owed = self.clock.now, deque[tuple[Attempt, Served]](), 0.0
        coming = deque(
            (attempt, Served(start + timedelta(seconds=number / rate)))
            for number, attempt in enumerate(attempts)
        )
        served = [each for _, each in coming]
        end = coming[-1][1].at
        while self.clock.now < end:
            while coming and coming[0][1].at <= self.clock.now:
                backlog.append(coming.popleft())
            while backlog and len(self.station.waiting) < self.threads:
                owed += REFUSAL * self._begin(*backlog.popleft())
            self.clock.forward(SERVICE)
            if owed >= 1:
                owed -= 1  # the server was busy with those that it sent away
            elif self.station.waiting:
                self.station.serve()
        while self.station.waiting:
            self.station.serve()  # nobody counts these any more
        return served

    def _begin(self, attempt: Attempt, served: Served) -> bool:
        """Whether it was sent away at once."""
        attempt = replace(attempt, deadline=served.at + timedelta(seconds=WAITS))

        def press() -> None:
            outcome = buy(self.shop, attempt)
            served.answered, served.taken = self.clock.now, outcome is not None

        self.station.begin(press)
        return served.answered is not None


def buy(shop: Shop, attempt: Attempt) -> Outcome | None:
    """None: a refusal."""
    try:
        return shop.buy(attempt)
    except Refused:
        return None


def goodput(served: Sequence[Served]) -> float:
    """Presses a second that were answered in time, in the second half of the run."""
    half = served[len(served) // 2 :]
    seconds = (half[-1].at - half[0].at).total_seconds()
    return sum(each.good for each in half) / seconds
