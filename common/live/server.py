"""A page that shows something live, the stream that feeds it, and its buttons."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiohttp import web

from common.lab import LabError
from common.live.readings import Reading
from common.live.serving import News, Serving, event

STATIC = Path(__file__).parent / "static"
EVERY = 0.5  # seconds between two readings
HOST = "127.0.0.1"


class LivePage(Serving):
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
        super().__init__(HOST, port)
        self._file = STATIC / page
        self._about = about
        self._take = read
        self._press = do
        self._every = every
        self._pictures = pictures or {}
        self._key = secrets.token_urlsafe(16)
        self._news = News("reading")
        self.url = f"http://{HOST}:{port}/?key={self._key}"
        self.app.add_routes(
            [
                web.get("/", self._page),
                web.get("/readings", self._stream),
                web.post("/do/{name}", self._do),
                web.get("/pictures/{name}.svg", self._picture),
                web.static("/static", STATIC),
            ]
        )

    async def begin(self) -> None:
        self._reader = asyncio.create_task(self._read())

    async def end(self) -> None:
        self._reader.cancel()
        with suppress(asyncio.CancelledError):
            await self._reader
        await self._news.end()

    async def _read(self) -> None:
        reading: Reading = {}
        while True:
            try:
                reading = await asyncio.to_thread(self._take)
            except Exception as error:  # whatever breaks, the page must go on showing
                reading = {**reading, "error": str(error)}
            await self._news.tell(reading)
            await asyncio.sleep(self._every)

    async def _page(self, request: web.Request) -> web.FileResponse:  # noqa: ARG002 - aiohttp's signature
        return web.FileResponse(self._file)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        return await self._news.stream(request, event("about", self._about))

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
