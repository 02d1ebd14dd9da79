"""Bulkheads: water in one compartment of a ship does not sink it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from threading import Condition

PATIENCE = 0.02  # seconds: what works takes less, and what hangs takes more


class Full(Exception):
    """Every place of this compartment is taken, by those who do not come out."""


class Bulkhead:
    """In each compartment, no more than half of a process's `threads` at once. One too many waits `patience`
    seconds for a place, and is `Full` then.

    So what stands still in one compartment leaves the other half to everybody else, and holds up each of
    those for `patience` at a time. Costs memory only for compartments in which somebody is.
    """

    def __init__(self, threads: int, patience: float = PATIENCE) -> None:
        self._most = max(1, threads // 2)
        self._patience = patience
        self._inside: Counter[Hashable] = Counter()
        self._changed = Condition()

    @contextmanager
    def place(self, compartment: Hashable) -> Iterator[None]:
        with self._changed:
            if not self._has_room(compartment):
                self._changed.wait_for(lambda: self._has_room(compartment), self._patience)
            if not self._has_room(compartment):
                raise Full
            self._inside[compartment] += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside[compartment] -= 1
                self._inside += Counter()  # forgets where nobody is
                self._changed.notify_all()

    def _has_room(self, compartment: Hashable) -> bool:
        return self._inside[compartment] < self._most
