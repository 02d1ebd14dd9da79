"""The rounds of a room sale: each is a sale of its own, opened by the shop's clock after a countdown."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from common.demo.contest import open_sale
from common.running import Running

COUNTDOWN = 5.0  # seconds
GATHER = 1.0  # seconds: presses of the first second reach the shop together
SHARE = 3  # one unit for so many people
LIMIT = 1


@dataclass(frozen=True)
class Round:
    """One round. Before the first one `number` is 0, and nothing is for sale."""

    number: int = 0
    sale_id: int | None = None
    units: int = 0
    opens_at: float = 0.0

    def state(self, now: float) -> str:
        if not self.sale_id:
            return "lobby"
        return "countdown" if now < self.opens_at else "open"

    def held_until(self, now: float) -> float:
        """When a press that arrives now is handed to the shop.

        A room is too small a crowd: thirty thumbs spread over a second meet in no gap of a millisecond. In a
        real sale thousands press in that second. So the presses of the first one are gathered, and handed
        over together; who is early or late is handed over at once.
        """
        gathered = self.opens_at + GATHER
        return gathered if self.opens_at <= now < gathered else now

    def told(self, now: float) -> dict[str, Any]:
        """For the phones. Times are the server's, and go along with its `now`: a phone's clock is its own."""
        return {
            "round": self.number,
            "state": self.state(now),
            "units": self.units,
            "opens_in": max(0.0, self.opens_at - now),
        }


class Rounds:
    """The round that is on. Opening the next one may be asked for from any thread, one at a time."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self.now = Round()

    def open_next(self, people: int) -> Round:
        """A new sale, open after the countdown. `LabError` when the shop does not take it."""
        units = max(1, people // SHARE)
        opens_at = time.time() + COUNTDOWN
        sale_id = open_sale(self._running, units, LIMIT, opens_in=COUNTDOWN)
        self.now = Round(self.now.number + 1, sale_id, units, opens_at)
        return self.now
