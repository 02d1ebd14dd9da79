"""Bulkheads: water in one compartment of a ship does not sink it."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from threading import Condition

PATIENCE = 0.1  # seconds: who is inside for longer than that does not come out in the next moment either


class Full(Exception):
    """Every place of this compartment is taken, by those who do not come out."""


class Bulkhead:
    """In each compartment, all of a process's `threads` but one, at once. One too many waits for a place as
    long as people come out, and is `Full` when the first of them has been inside for `patience` seconds.

    So what stands still in one compartment leaves a thread to everybody else, which comes back to them at
    once, whoever else wants to go in there; and what is only slow is waited for. Costs memory only for
    compartments in which somebody is.
    """

    def __init__(self, threads: int, patience: float = PATIENCE) -> None:
        self._most = max(1, threads - 1)
        self._patience = patience
        self._inside: dict[Hashable, list[float]] = {}  # since when, the first first
        self._changed = Condition()

    @contextmanager
    def place(self, compartment: Hashable) -> Iterator[None]:
        since = self._enter(compartment)
        try:
            yield
        finally:
            with self._changed:
                self._inside[compartment].remove(since)
                if not self._inside[compartment]:
                    del self._inside[compartment]
                self._changed.notify_all()

    def _enter(self, compartment: Hashable) -> float:
        with self._changed:
            while len(inside := self._inside.get(compartment, [])) >= self._most:
                patience = inside[0] + self._patience - time.monotonic()
                if patience <= 0:
                    raise Full
                self._changed.wait(patience)
            since = time.monotonic()
            self._inside[compartment] = [*inside, since]
            return since
