"""The page of the live lab, the stream that feeds it, its buttons: one small aiohttp server in a thread."""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from common.lab import LabError
from common.live.faults import Faults
from common.live.readings import Reading, Readings

STATIC = Path(__file__).parent / "static"
EVERY = 0.5  # seconds between two readings
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class LiveLab:
    """Serves on 127.0.0.1:`port` for the length of a `with` block. `url` carries the key to the buttons.

    Guarantees that nobody without the key can press a button; looking needs none. One reading is taken for
    all who look. A reading that fails is not shown, and the next one is tried.
    """

    def __init__(self, title: str, shop_url: str, readings: Readings, faults: Faults, port: int) -> None:
        self._about = {"title": title, "shop": shop_url, "actions": list(faults.actions)}
        self._readings = readings
        self._faults = faults
        self._port = port
        self._key = secrets.token_urlsafe(16)
        self._reading: Reading = {}
        self._ended = False
        self._taken = asyncio.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="live lab", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/?key={self._key}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._runner = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> web.AppRunner:
        app = web.Application()
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/readings", self._stream),
                web.post("/do/{name}", self._do),
                web.static("/static", STATIC),
            ]
        )
        app.on_response_prepare.append(protect)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self._port).start()
        self._reader = asyncio.create_task(self._read())
        return runner

    async def _stop(self) -> None:
        self._reader.cancel()
        async with self._taken:
            self._ended = True
            self._taken.notify_all()  # who looks goes home
        await self._runner.cleanup()

    async def _read(self) -> None:
        while True:
            try:
                reading = await asyncio.to_thread(self._readings.read)
            except Exception as error:  # whatever breaks, the page must go on showing
                reading = {**self._reading, "error": str(error)}
            async with self._taken:
                self._reading = reading
                self._taken.notify_all()
            await asyncio.sleep(EVERY)

    async def _page(self, request: web.Request) -> web.FileResponse:  # noqa: ARG002 - aiohttp's signature
        return web.FileResponse(STATIC / "lab.html")

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(event("about", self._about))
        with suppress(ConnectionResetError):  # whoever looked has gone
            while not self._ended:
                async with self._taken:
                    await self._taken.wait()
                    reading = self._reading
                await answer.write(event("reading", reading))
        return answer

    async def _do(self, request: web.Request) -> web.Response:
        """A header, so that no other site's form can send it."""
        if not hmac.compare_digest(request.headers.get("X-Lab-Key", "").encode(), self._key.encode()):
            return web.json_response({"said": "Open the page with the address that was printed."}, status=403)
        try:
            said = await asyncio.to_thread(self._faults.do, request.match_info["name"])
        except LabError as error:
            return web.json_response({"said": str(error)}, status=409)
        return web.json_response({"said": said})


def event(kind: str, data: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()


async def protect(request: web.Request, response: web.StreamResponse) -> None:  # noqa: ARG001 - a signal
    response.headers.update(HEADERS)
