"""The duel as a page: two stages side by side, each as its crowd comes, and what became of it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from common.demo.contest import Crowd, Result, Spectator
from common.lab import LabError
from common.live.readings import Reading, Readings
from common.proof.history import Told
from common.running import Running

EVERY = 0.2  # seconds between two readings: a contest is over in a few seconds
POINTS = 120  # of a curve: as many as a projector shows apart
BUTTON = "start"


class Side:
    """One of the two: what its crowd has been told so far, and in the end the result."""

    def __init__(self, running: Running, crowd: Crowd) -> None:
        self._running = running
        self._planned = {press.number: press.at for press in crowd.presses}
        self._readings = Readings(running)
        self.begin()

    def begin(self) -> None:
        """Forget the contest before."""
        self._counts = {"accepted": 0, "refused": 0, "unknown": 0}
        self._promised: list[tuple[float, int]] = []  # seconds after the start, units told "yours"
        self.result: Result | None = None
        self._readings.sale_id = None

    def opened(self, sale_id: int) -> None:
        self._readings.sale_id = sale_id

    def told(self, told: Told) -> None:
        self._counts[told.outcome] += 1
        if told.outcome == "accepted" and told.ended_at:
            start = told.planned_at - self._planned[told.attempt]
            self._promised.append((told.ended_at - start, told.quantity))

    @property
    def going(self) -> bool:
        return self._readings.sale_id is not None and self.result is None

    def read(self) -> Reading:
        """While the contest lasts, MariaDB is asked; afterwards the result stands."""
        return {
            "stage": self._running.stage.name,
            "title": self._running.stage.title,
            "going": self.going,
            "counts": dict(self._counts),
            "curve": curve(list(self._promised)),
            "facts": self._readings.read()["facts"] if self.going else None,
            "figures": self.result and self.result.figures(),
        }


class Duel(Spectator):
    """What the page shows, and its one button. The contests are held by whoever waits for the button."""

    def __init__(self, shops: Sequence[Running], crowd: Crowd) -> None:
        self._crowd = crowd
        self._sides = {shop.stage.code: Side(shop, crowd) for shop in shops}
        self._wanted = threading.Event()
        self._free = threading.Lock()
        self._picture = ""

    @property
    def about(self) -> Mapping[str, Any]:
        presses = len(self._crowd.presses)
        return {
            "buyers": self._crowd.buyers,
            "units": self._crowd.units,
            "presses": presses,
            "actions": [BUTTON],
        }

    def read(self) -> Reading:
        """Both sides. `pictured` is whether there is a picture to fetch."""
        return {"sides": [side.read() for side in self._sides.values()], "pictured": bool(self._picture)}

    def picture(self) -> str:
        return self._picture

    def do(self, name: str) -> str:
        """`LabError` while a crowd is on its way."""
        if name != BUTTON:
            raise LabError(f"There is no button {name!r} here.")
        if not self._free.acquire(blocking=False):
            raise LabError("The crowd is on its way already.")
        self._wanted.set()
        return f"{self._crowd.buyers} buyers, {len(self._crowd.presses)} presses, at each stage in turn."

    def wait_for_start(self) -> None:
        """Return when somebody has pressed the button; what was shown before is forgotten."""
        while not self._wanted.wait(1):
            pass  # not without an end: Ctrl-C would not be heard
        self._wanted.clear()
        self._picture = ""
        for side in self._sides.values():
            side.begin()

    def over(self, picture: str) -> None:
        """Both contests are held; the button may be pressed again."""
        self._picture = picture
        self._free.release()

    def opened(self, running: Running, sale_id: int) -> None:
        self._sides[running.stage.code].opened(sale_id)

    def told(self, running: Running, told: Told) -> None:
        self._sides[running.stage.code].told(told)

    def judged(self, running: Running, result: Result) -> None:
        self._sides[running.stage.code].result = result


def curve(promised: list[tuple[float, int]]) -> list[tuple[float, int]]:
    """How many units had been promised by when: some points of it, and always the last one."""
    units, points = 0, []
    for at, quantity in sorted(promised):
        units += quantity
        points.append((round(at, 3), units))
    apart = max(1, len(points) // POINTS)
    return [*points[:-1:apart], *points[-1:]]
