"""Who waits for which ticket in this process, and the one subscription that hears of all of them."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from common.shop import Busy, Tickets, TooMany
from common.web.services import Services

MOST = 5_000  # open streams of one process
MOST_OF_ONE = 8  # … of one buyer: else one of them could take all the places


class Hub:
    """Wakes those who wait for a ticket when it moves.

    Guarantees that who sits down is woken by every move that is heard from then on, and by every gap in the
    hearing. Does not know what the ticket is now: who is woken looks. Belongs to one event loop; only `run`
    is in another thread.
    """

    where: Literal["web"] = "web"

    def __init__(self, tickets: Tickets, most: int = MOST) -> None:
        self._tickets = tickets
        self._most = most
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._places: Counter[int] = Counter()
        self._services = Services([self])
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def open(self) -> int:
        """How many streams are open."""
        return self._places.total()

    @contextmanager
    def seat(self, ticket_id: str, buyer_id: int) -> Iterator[asyncio.Event]:
        """Something to wait for: it is set when the ticket moves. `Busy`, or `TooMany` of this buyer."""
        if self.open >= self._most:
            raise Busy("Too many streams are open; ask for the ticket itself", retry_after=5)
        if self._places[buyer_id] >= MOST_OF_ONE:
            raise TooMany("You follow too many tickets at once; ask for the ticket itself", retry_after=5)
        self._listen()
        moved = asyncio.Event()
        self._waiting[ticket_id].add(moved)
        self._places[buyer_id] += 1
        try:
            yield moved
        finally:
            self._leave(ticket_id, buyer_id, moved)

    def _leave(self, ticket_id: str, buyer_id: int, moved: asyncio.Event) -> None:
        self._waiting[ticket_id].discard(moved)
        if not self._waiting[ticket_id]:
            del self._waiting[ticket_id]
        self._places[buyer_id] -= 1
        if not self._places[buyer_id]:
            del self._places[buyer_id]

    def _listen(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._services.start()

    def run(self, stop: Callable[[], bool]) -> None:
        """The thread that hears. When it fails it is run again (see `Services`)."""
        assert self._loop
        for ticket_id in self._tickets.changes(stop):
            self._loop.call_soon_threadsafe(self._wake, ticket_id)

    def _wake(self, ticket_id: str) -> None:
        everybody = not ticket_id  # something may have been missed
        for waiting in list(self._waiting.values()) if everybody else [self._waiting.get(ticket_id, set())]:
            for moved in waiting:
                moved.set()

    def close(self) -> None:
        """Stop hearing."""
        self._services.stop()
