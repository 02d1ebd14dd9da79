"""An aiohttp application in a thread of its own, and streams that tell everybody who looks what is new."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web

from common.lab import LabError

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
HEARTBEAT = 2.0  # seconds
T = TypeVar("T")


class Serving:
    """Serves at `host`:`port` for the length of a `with` block; `LabError` when it may not listen there.

    A subclass adds routes to `app`, and may begin and end what else lives in the loop.
    """

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"port {port}", daemon=True)
        self.app = web.Application(client_max_size=4096)
        self.app.on_response_prepare.append(protect)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._runner = self.in_loop(self._serve())
        except OSError as error:
            self._end_loop()
            host, port = self._address
            raise LabError(f"Cannot listen at {host}:{port}: {error.strerror or error}.") from None
        self.in_loop(self.begin())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.in_loop(self.end())
        self.in_loop(self._runner.cleanup())
        self._end_loop()

    def in_loop(self, work: Coroutine[Any, Any, T]) -> T:
        """Have the loop do it; what it returns. For other threads."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def begin(self) -> None:
        """Called in the loop when everybody can be answered."""

    async def end(self) -> None:
        """Called in the loop while everybody still can."""

    async def _serve(self) -> web.AppRunner:
        runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        try:
            await web.TCPSite(runner, *self._address).start()
        except OSError:
            await runner.cleanup()
            raise
        return runner

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class News:
    """The latest of something, told to all who listen. Belongs to one loop. Who is slow misses some.

    `render` makes of it what is told, for each listener at that moment. Who has gone is noticed within
    `HEARTBEAT` seconds: a stream that says nothing would not find out.
    """

    def __init__(self, kind: str, render: Callable[[Any], Any] = lambda latest: latest) -> None:
        self._kind = kind
        self._render = render
        self._latest: Any = None
        self._ended = False
        self._came = asyncio.Condition()

    async def tell(self, latest: Any) -> None:
        async with self._came:
            self._latest = latest
            self._came.notify_all()

    async def end(self) -> None:
        """Whoever listens goes home."""
        async with self._came:
            self._ended = True
            self._came.notify_all()

    async def stream(self, request: web.Request, greeting: bytes = b"") -> web.StreamResponse:
        """The latest at once, and then all that comes, as server-sent events."""
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(greeting)
        told = None
        with suppress(ConnectionResetError):  # whoever looked has gone
            while not self._ended:
                if self._latest is told:
                    await self._wait_for_other_than(told)
                if self._latest is told:
                    await answer.write(b": still here\n\n")
                else:
                    told = self._latest
                    await answer.write(event(self._kind, self._render(told)))
        return answer

    async def _wait_for_other_than(self, told: Any) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(HEARTBEAT), self._came:
                await self._came.wait_for(lambda: self._ended or self._latest is not told)


def event(kind: str, data: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()


async def protect(request: web.Request, response: web.StreamResponse) -> None:  # noqa: ARG001 - a signal
    response.headers.update(HEADERS)
