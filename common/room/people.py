"""Who is in the room: each phone is a demo buyer, without signing in."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


class RoomFull(Exception):
    """Every seat is taken."""


@dataclass
class Phone:
    """One phone. `number` is that of its demo buyer; `outcome` is what it was told in the round `told_in`."""

    token: str
    number: int
    pressing: bool = False
    told_in: int = 0
    outcome: dict[str, Any] | None = None

    def outcome_in(self, number: int) -> dict[str, Any] | None:
        return self.outcome if self.told_in == number else None


class People:
    """The phones that have joined, and which of them are here. Changed in one event loop, counted anywhere.

    Guarantees a buyer of its own to each token, and that nobody guesses another's. Does not know whether two
    phones are one person.
    """

    def __init__(self, seats: int) -> None:
        self._seats = seats
        self._phones: dict[str, Phone] = {}
        self._here: Counter[str] = Counter()

    def join(self, token: str) -> Phone:
        """The phone that had this token before, or a new one with a token of its own. `RoomFull`."""
        known = self._phones.get(token)
        if known:
            return known
        if len(self._phones) >= self._seats:
            raise RoomFull
        phone = Phone(secrets.token_urlsafe(12), len(self._phones) + 1)
        self._phones[phone.token] = phone
        return phone

    def find(self, token: str) -> Phone | None:
        return self._phones.get(token)

    @contextmanager
    def present(self, phone: Phone) -> Iterator[None]:
        """The phone is here for the length of the block; it may be here twice, and counts once."""
        self._here[phone.token] += 1
        try:
            yield
        finally:
            self._here[phone.token] -= 1
            if not self._here[phone.token]:
                del self._here[phone.token]

    @property
    def here(self) -> int:
        return len(self._here)

    def told(self, number: int) -> Counter[str]:
        """How many phones were told what in that round."""
        outcomes = [phone.outcome_in(number) for phone in list(self._phones.values())]
        return Counter(outcome["outcome"] for outcome in outcomes if outcome)
