"""The places of the events process: bounded, fair, and given back; and what wakes those who wait."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from queue import SimpleQueue
from typing import Any

import pytest

from common.backends import Backends
from common.buyers import Buyer
from common.events.hub import MOST_OF_ONE, Hub
from common.events.streams import Streams
from common.events.visitor import Visitors
from common.settings import Settings
from common.shop import Busy, Ticket, TooMany
from common.tokens import issue_token

OWNER = Buyer(1, "buyer00001", "buyer")


class Spoken:
    """Tickets whose moves are what the test says."""

    def __init__(self) -> None:
        self.states = {"t-1": "queued"}
        self.says: SimpleQueue[str | Exception] = SimpleQueue()

    def get(self, ticket_id: str) -> Ticket | None:
        state = self.states.get(ticket_id)
        return state and Ticket(ticket_id, 1, 1, state)  # type: ignore[arg-type, return-value]

    def changes(self, stop: Callable[[], bool]) -> Iterator[str]:
        yield ""
        while not stop():
            said = self.says.get()
            if isinstance(said, Exception):
                raise said
            yield said


@asynccontextmanager
async def hub_of(tickets: Spoken, **options: int) -> AsyncIterator[Hub]:
    hub = Hub(tickets, **options)
    try:
        yield hub
    finally:
        tickets.says.put("")  # so that its thread looks up
        await asyncio.to_thread(hub.close)


def test_a_full_house_says_so_and_a_place_given_back_is_free() -> None:
    async def scene() -> None:
        async with hub_of(Spoken(), most=2) as hub:
            with hub.seat("a", 1):
                with hub.seat("b", 2):
                    with pytest.raises(Busy) as refused, hub.seat("c", 3):
                        pass
                    assert refused.value.retry_after
                with hub.seat("c", 3):
                    assert hub.open == 2
            assert hub.open == 0

    asyncio.run(scene())


def test_one_buyer_cannot_take_all_the_places() -> None:
    async def scene() -> None:
        async with hub_of(Spoken(), most=1000) as hub:
            seats = [hub.seat("a", 1) for _ in range(MOST_OF_ONE)]
            for seat in seats:
                seat.__enter__()
            with pytest.raises(TooMany), hub.seat("a", 1):
                pass
            with hub.seat("a", 2):
                assert hub.open == MOST_OF_ONE + 1
            for seat in seats:
                seat.__exit__(None, None, None)

    asyncio.run(scene())


def test_a_move_wakes_who_waits_for_that_ticket_and_a_gap_wakes_everybody() -> None:
    async def scene() -> None:
        tickets = Spoken()
        async with hub_of(tickets) as hub:
            with hub.seat("a", 1) as mine, hub.seat("b", 2) as other:
                await asyncio.gather(mine.wait(), other.wait())  # by the beginning, which is a gap
                mine.clear()
                other.clear()
                tickets.says.put("a")
                await mine.wait()
                assert not other.is_set()
                tickets.says.put(ConnectionError("away"))
                await other.wait()  # by the beginning of the next hearing

    asyncio.run(asyncio.wait_for(scene(), 30))


async def stream(app: Streams, token: str, said: asyncio.Queue[dict[str, Any]]) -> None:
    """A reader who never leaves."""
    headers = [(b"authorization", f"Bearer {token}".encode())]
    scope = {"type": "http", "method": "GET", "path": "/api/tickets/t-1/events", "headers": headers}
    await app(scope, asyncio.Event().wait, said.put)  # type: ignore[arg-type]


def test_a_silent_stream_gets_comments_and_looks_by_itself(settings: Settings) -> None:
    """No move is ever heard here, so it is the heartbeat that finds the end."""

    async def scene() -> list[str]:
        tickets, said = Spoken(), asyncio.Queue[dict[str, Any]]()
        async with hub_of(tickets) as hub:
            app = Streams(tickets, hub, Visitors(Backends.connect("s01", settings)), heartbeat=0.05)
            streaming = asyncio.create_task(stream(app, issue_token(settings, OWNER), said))
            texts: list[str] = []
            while ":\n\n" not in texts:
                texts.append((await said.get()).get("body", b"").decode())
            tickets.states["t-1"] = "refused"
            await streaming
            while not said.empty():
                texts.append(said.get_nowait().get("body", b"").decode())
        return texts

    texts = asyncio.run(asyncio.wait_for(scene(), 30))
    events = [text for text in texts if text.startswith("id: ")]
    assert [json.loads(event.partition("data: ")[2])["state"] for event in events] == ["queued", "refused"]


def test_a_ticket_that_is_forgotten_ends_its_stream(settings: Settings) -> None:
    async def scene() -> dict[str, Any]:
        tickets, said = Spoken(), asyncio.Queue[dict[str, Any]]()
        async with hub_of(tickets) as hub:
            app = Streams(tickets, hub, Visitors(Backends.connect("s01", settings)), heartbeat=0.05)
            streaming = asyncio.create_task(stream(app, issue_token(settings, OWNER), said))
            while not (await said.get()).get("body", b"").startswith(b"id: 1"):
                pass
            del tickets.states["t-1"]
            await streaming
            while not said.empty():
                last = said.get_nowait()
        return last

    assert asyncio.run(asyncio.wait_for(scene(), 30)) == {
        "type": "http.response.body", "body": b"", "more_body": False,
    }  # fmt: skip
