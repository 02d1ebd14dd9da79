"""The teacher's page: who is in, the countdown, and what MariaDB says was sold."""

from __future__ import annotations

import time

from common.lab import LabError
from common.live.readings import Reading, Readings
from common.room.phones import Phones
from common.room.rounds import GATHER, Rounds

EVERY = 0.25  # seconds between two readings
OPEN = "open"


class Projector:
    """Reads the room and the shop. The verdict is the oracle's, from MariaDB and Redis, not from phones."""

    actions = (OPEN,)

    def __init__(self, rounds: Rounds, phones: Phones, readings: Readings) -> None:
        self._rounds = rounds
        self._phones = phones
        self._readings = readings

    def read(self) -> Reading:
        now, round_ = time.time(), self._rounds.now
        told = self._phones.people.told(round_.number)
        shop = self._readings.read()
        return {
            **round_.told(now),
            "here": self._phones.people.here,
            "told": {word: told[word] for word in ("yes", "no", "later", "unclear")},
            **{name: shop[name] for name in ("facts", "verdicts", "queue", "left_redis", "up")},
        }

    def do(self, name: str) -> str:
        """`LabError` while nobody is in, or a round has hardly begun."""
        if name != OPEN:
            raise LabError(f"There is no button {name!r} here.")
        people = self._phones.people.here
        if not people:
            raise LabError("Nobody is in yet.")
        if time.time() < self._rounds.now.opens_at + GATHER:
            raise LabError("A round has just begun.")
        round_ = self._rounds.open_next(people)
        self._readings.sale_id = round_.sale_id
        self._phones.announce()
        return f"Round {round_.number}: {round_.units} units for {people} people."
