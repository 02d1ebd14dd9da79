"""The ASGI app: one open stream for each buyer who waits, and a clear answer to everything else."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any

from redis import RedisError

from common.events.answers import Answer, Request, problem_of
from common.events.hub import Hub
from common.events.visitor import Visitors
from common.shop import Ticket, Tickets
from common.web.tickets import EVENTS, LAST, NoSuchTicket, event, greeting, last_seen, owned, rank

log = logging.getLogger(__name__)

ADDRESS = re.compile(r"/api/tickets/([0-9A-Za-z_-]{1,64})/events")
HEARTBEAT = 15.0  # seconds without a word, then a comment is sent: proxies cut what is silent for longer

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Streams:
    """GET /api/tickets/{id}/events, as `common.web.tickets` describes it, for streams that stay open.

    A stream tells each state of the ticket that its reader has not seen, and ends with the ticket. Guarantees
    that a move is told though the message of it was lost: a stream looks when it opens, after each gap in the
    hearing, and at each heartbeat. While Redis is away it stays open and tells nothing. Does not tell states
    that lie between two looks: from `queued` it may go to `ordered` at once.
    """

    def __init__(self, tickets: Tickets, hub: Hub, visitors: Visitors, heartbeat: float = HEARTBEAT) -> None:
        self._tickets = tickets
        self._hub = hub
        self._visitors = visitors
        self._heartbeat = heartbeat

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, began = Request.of(scope), time.perf_counter()
        answer = Answer(request.id, send)
        try:
            await self._answer(request, receive, answer)
        except Exception as error:
            if answer.begun:
                raise  # too late for a clear answer: the server cuts the stream, and the reader comes back
            problem = problem_of(error)
            headers = {**problem.headers, "Content-Type": "application/problem+json"}
            await answer.whole(problem.status, headers, problem.document(request.id))
        finally:
            log.info(
                "request", extra={**answer.told(request), "seconds": round(time.perf_counter() - began, 3)}
            )

    async def _answer(self, request: Request, receive: Receive, answer: Answer) -> None:
        """`/healthz` also says how many streams are open."""
        if request.path == "/healthz":
            await answer.whole(200, {}, {"status": "alive", "streams": self._hub.open})
            return
        request.check_method("GET")
        found = ADDRESS.fullmatch(request.path)
        if not found:
            raise NoSuchTicket
        buyer = await asyncio.to_thread(self._visitors.who, request.headers)
        ticket = owned(await asyncio.to_thread(self._tickets.get, found[1]), buyer.id)
        seen = last_seen(request.headers.get("last-event-id"))
        if seen == LAST:
            await answer.begin(204, {})
            await answer.end()
            return
        with self._hub.seat(ticket.id, buyer.id) as moved:
            await until_left(receive, self._stream(answer, ticket, seen, moved))

    async def _stream(self, answer: Answer, ticket: Ticket, seen: int, moved: asyncio.Event) -> None:
        await answer.begin(200, {"Content-Type": EVENTS, "X-Accel-Buffering": "no"})
        await answer.send(greeting())
        while True:
            moved.clear()  # before the look: what moves after it wakes us again
            now = await self._look(ticket)
            if now is None:
                break  # Redis has forgotten it: the reader asks again, and is told
            await answer.send(event(now, seen))
            seen = max(seen, rank(now))
            if now.ended:
                break
            ticket = now
            if not await woken(moved, self._heartbeat):
                await answer.send(":\n\n")
        await answer.end()

    async def _look(self, ticket: Ticket) -> Ticket | None:
        """The ticket as it is now; as it was, while Redis does not answer."""
        try:
            return await asyncio.to_thread(self._tickets.get, ticket.id)
        except RedisError as error:
            log.warning("Redis does not answer: %s", error)
            return ticket


async def woken(moved: asyncio.Event, within: float) -> bool:
    """Wait for a move, for so many seconds at most; whether there was one."""
    try:
        async with asyncio.timeout(within):
            return await moved.wait()
    except TimeoutError:
        return False


async def until_left(receive: Receive, stream: Coroutine[Any, Any, None]) -> None:
    """Run `stream` to its end, or until its reader has gone. Raises what it raises."""
    streaming, leaving = asyncio.create_task(stream), asyncio.create_task(left(receive))
    try:
        await asyncio.wait({streaming, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if streaming.done():
            streaming.result()
    finally:
        streaming.cancel()
        leaving.cancel()


async def left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
