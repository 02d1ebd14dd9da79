"""What the phones of the room see: one page, one button. The only part that may listen in a network."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from common.live.server import STATIC as LIVE
from common.live.serving import News, Serving
from common.room.people import People, Phone, RoomFull
from common.room.rounds import Rounds
from common.running import Running
from common.work import enter

STATIC = Path(__file__).parent / "static"
FILES = {"phone.css": STATIC, "phone.js": STATIC, "live.js": LIVE}
PATIENCE = aiohttp.ClientTimeout(total=30)  # seconds for the shop to answer
TOKEN = "X-Phone"  # noqa: S105 - the name of a header

Handler = Callable[[web.Request, Phone], Awaitable[web.StreamResponse]]


class Phones(Serving):
    """Serves `seats` phones at `host`:`port`, and hands their presses to the shop as its demo buyers.

    Guarantees that a phone can do nothing else: no address of the shop is passed on, quantity and sale are
    ours, and a phone has one press under way at a time. Keeps nobody out: whoever reaches the address may
    press. Does not decide anything: what a phone is told is the shop's answer.
    """

    def __init__(self, running: Running, rounds: Rounds, host: str, port: int, seats: int) -> None:
        super().__init__(host, port)
        self._running = running
        self._rounds = rounds
        self._news = News("round", lambda now: now.told(time.time()))
        self.people = People(seats)
        self.app.add_routes(
            [
                web.get("/", self._page),
                web.get("/static/{name}", self._file),
                web.post("/join", self._join),
                web.get("/events", self._events),
                web.post("/press", self._of_a_phone(self._press)),
                web.post("/look", self._of_a_phone(self._look)),
            ]
        )

    async def begin(self) -> None:
        self._shop = aiohttp.ClientSession(timeout=PATIENCE, connector=aiohttp.TCPConnector(limit=0))
        await self._tell()

    async def end(self) -> None:
        await self._news.end()
        await self._shop.close()

    def announce(self) -> None:
        """Tell every phone which round is on. For other threads."""
        self.in_loop(self._tell())

    async def _tell(self) -> None:
        await self._news.tell(self._rounds.now)

    async def _page(self, request: web.Request) -> web.FileResponse:  # noqa: ARG002 - aiohttp's signature
        return web.FileResponse(STATIC / "phone.html")

    async def _file(self, request: web.Request) -> web.FileResponse:
        """Those that the page needs, and no others: live.js lies beside the files of the lab."""
        name = request.match_info["name"]
        if name not in FILES:
            raise web.HTTPNotFound
        return web.FileResponse(FILES[name] / name)

    async def _join(self, request: web.Request) -> web.Response:
        try:
            phone = self.people.join(request.headers.get(TOKEN, ""))
        except RoomFull:
            return web.json_response({"outcome": "full"}, status=503)
        outcome = phone.outcome_in(self._rounds.now.number)
        return web.json_response({"token": phone.token, "number": phone.number, "outcome": outcome})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """A browser's stream sends no header of ours: the token is in the address."""
        phone = self.people.find(request.query.get("phone", ""))
        if not phone:
            raise web.HTTPForbidden
        with self.people.present(phone):
            return await self._news.stream(request)

    def _of_a_phone(self, handle: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """A header, so that no other site's form can send it."""

        async def checked(request: web.Request) -> web.StreamResponse:
            phone = self.people.find(request.headers.get(TOKEN, ""))
            if not phone:
                raise web.HTTPForbidden
            if phone.pressing:
                return web.json_response({"outcome": "wait"}, status=409)
            phone.pressing = True
            try:
                return await handle(request, phone)
            finally:
                phone.pressing = False

        return checked

    async def _press(self, request: web.Request, phone: Phone) -> web.Response:  # noqa: ARG002 - a Handler
        """One unit of the sale that is on, at the moment that the round says."""
        round_ = self._rounds.now
        if not round_.sale_id:
            return web.json_response({"outcome": "no", "code": "not_open"})
        now = time.time()
        await asyncio.sleep(round_.held_until(now) - now)
        told = of_press(*await self._buy(phone, f"/api/sales/{round_.sale_id}"))
        before = phone.outcome_in(round_.number)
        if not before or before["outcome"] not in ("yes", "later"):  # pressing again takes nothing back
            phone.told_in, phone.outcome = round_.number, told
        return web.json_response(told)

    async def _buy(self, phone: Phone, sale: str) -> tuple[int, Any]:
        """Through the door, where the sale has one, and one unit."""
        permit = {}
        _, state = await self._ask(phone, "GET", sale)
        if entry := state.get("entry"):
            status, told = await enter(lambda body: self._ask(phone, "POST", entry, body))
            if "permit" not in told:
                return status, told
            permit = {"permit": told["permit"]}
        return await self._ask(phone, "POST", f"{sale}/orders", {"quantity": 1, **permit})

    async def _look(self, request: web.Request, phone: Phone) -> web.Response:  # noqa: ARG002 - a Handler
        """What has become of the phone's own ticket, if it has one; else what it was told."""
        outcome = phone.outcome_in(self._rounds.now.number)
        if not outcome:
            raise web.HTTPNotFound
        if outcome["outcome"] == "later":
            _, ticket = await self._ask(phone, "GET", f"/api/tickets/{outcome['ticket']}")
            phone.outcome = outcome = of_ticket(ticket) or outcome
        return web.json_response(outcome)

    async def _ask(self, phone: Phone, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """The shop's answer: status and document; (0, {}) when there is none."""
        headers = {"Authorization": f"Bearer {self._running.buyer_token(phone.number)}"}
        url = self._running.url + path
        try:
            async with self._shop.request(method, url, headers=headers, json=body) as answer:
                document = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return 0, {}
        return answer.status, document if isinstance(document, dict) else {}


def of_press(status: int, told: dict[str, Any]) -> dict[str, Any]:
    """What a press was answered with: yes, later (there is a ticket), no, or nothing clear."""
    if status == 201:
        return {"outcome": "yes", "order": told["id"]}
    if status == 202:
        return {"outcome": "later", "ticket": told["id"]}
    if 400 <= status < 500:
        return {"outcome": "no", "code": told.get("code")}
    return {"outcome": "unclear"}


def of_ticket(told: dict[str, Any]) -> dict[str, Any] | None:
    """How a ticket ended; None while it has not, or when nobody knows."""
    if told.get("state") == "ordered":
        return {"outcome": "yes", "order": told["order_id"]}
    if told.get("state") == "refused":
        return {"outcome": "no", "code": told["problem"]}
    return None
