"""A TCP proxy before a server, through which the network fails on demand."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

CHUNK = 65536
T = TypeVar("T")


class Proxy:
    """Passes bytes between its own address on loopback and one server, until told to misbehave.

    Guarantees that a fault meets exactly the bytes it is meant for: `lose_next_reply` lets the request
    through and drops the reply, however long the server takes. Does not look into the protocol: one reply is
    what the server sends next, so it is for clients that wait for each answer (ours do).
    """

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._flowing = asyncio.Event()
        self._losing = False
        self._service = 0.0
        self._turn = asyncio.Lock()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.lost = 0  # replies dropped so far: the power check of whoever asked for it

    def __enter__(self) -> Self:
        self._thread.start()
        self._listener = self._call(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.sockets[0].getsockname()
        self.resume()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def lose_next_reply(self) -> None:
        """Drop the next bytes that the server sends, and hang up on both sides."""
        self._losing = True

    def stall(self) -> None:
        """Pass nothing on, and keep every connection open: the server seems to think for ever."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def resume(self) -> None:
        self._loop.call_soon_threadsafe(self._flowing.set)

    def slow_down(self, seconds: float) -> None:
        """From now on each request takes so long, one after the other: so many a second, and no more."""
        self._service = seconds

    async def _serve(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        try:
            server_in, server_out = await asyncio.open_connection(*self._server)
        except OSError:
            client_out.close()
            return
        pair = {client_out, server_out}
        self._writers |= pair
        flows = [
            asyncio.create_task(self._flow(client_in, server_out, losable=False)),
            asyncio.create_task(self._flow(server_in, client_out, losable=True)),
        ]
        self._tasks.update(flows)
        await asyncio.wait(flows, return_when=asyncio.FIRST_COMPLETED)
        for flow in flows:
            flow.cancel()
        self._tasks.difference_update(flows)
        self._writers -= pair
        for writer in pair:
            writer.close()

    async def _flow(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, losable: bool
    ) -> None:
        with suppress(OSError):
            while data := await source.read(CHUNK):
                await self._flowing.wait()
                if self._service and not losable:
                    async with self._turn:
                        await asyncio.sleep(self._service)
                if losable and self._losing:
                    self._losing = False
                    self.lost += 1
                    return
                target.write(data)
                await target.drain()

    async def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _close(self) -> None:
        self._listener.close()
        await self._cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.sleep(0)
        await self._listener.wait_closed()

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)
