"""A page that shows something live, the stream that feeds it, its buttons: an aiohttp server in a thread."""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from common.lab import LabError
from common.live.readings import Reading

STATIC = Path(__file__).parent / "static"
EVERY = 0.5  # seconds between two readings
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class LivePage:
    """Serves on 127.0.0.1:`port` for the length of a `with` block. `url` carries the key to the buttons.

    `page` is a file of `static`; who looks is told `about` once and then each reading that `read` takes. A
    button calls `do` with its name; what it returns is shown. `pictures` are what else can be fetched (SVG).
    Guarantees that nobody without the key can press a button; looking needs none. One reading is taken for
    all who look. A reading that fails is not shown, and the next one is tried.
    """

    def __init__(
        self,
        page: str,
        about: Mapping[str, Any],
        read: Callable[[], Reading],
        do: Callable[[str], str],
        port: int,
        *,
        every: float = EVERY,
        pictures: Mapping[str, Callable[[], str]] | None = None,
    ) -> None:
        self._file = STATIC / page
        self._about = about
        self._take = read
        self._press = do
        self._port = port
        self._every = every
        self._pictures = pictures or {}
        self._key = secrets.token_urlsafe(16)
        self._reading: Reading = {}
        self._ended = False
        self._taken = asyncio.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="live page", daemon=True)

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
                web.get("/pictures/{name}.svg", self._picture),
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
                reading = await asyncio.to_thread(self._take)
            except Exception as error:  # whatever breaks, the page must go on showing
                reading = {**self._reading, "error": str(error)}
            async with self._taken:
                self._reading = reading
                self._taken.notify_all()
            await asyncio.sleep(self._every)

    async def _page(self, request: web.Request) -> web.FileResponse:  # noqa: ARG002 - aiohttp's signature
        return web.FileResponse(self._file)

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
            said = await asyncio.to_thread(self._press, request.match_info["name"])
        except LabError as error:
            return web.json_response({"said": str(error)}, status=409)
        return web.json_response({"said": said})

    async def _picture(self, request: web.Request) -> web.Response:
        draw = self._pictures.get(request.match_info["name"])
        if draw is None:
            raise web.HTTPNotFound
        saved = {"Content-Disposition": f'attachment; filename="{request.match_info["name"]}.svg"'}
        return web.Response(text=draw(), content_type="image/svg+xml", headers=saved)


def event(kind: str, data: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()


async def protect(request: web.Request, response: web.StreamResponse) -> None:  # noqa: ARG001 - a signal
    response.headers.update(HEADERS)
