"""A flash sale that shares no line with ours: one asyncio process, everything in memory. Speaks the contract.

`python strangers_shop.py PORT [careful|careless|forgetful|shedding|denying|queueing|lying]`. Careless looks
and acts with an await in between, as somebody does who asks another service for the stock; forgetful
acknowledges every other order without keeping it. Shedding says of every other press that it took nothing,
and takes nothing; denying says so too, and takes. Queueing answers with a ticket, which ends a moment later;
lying does so too, and tells every buyer of an order.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections import defaultdict
from typing import Any

from aiohttp import web

PRICE, UNITS, LIMIT = 990, 20, 2


class Shop:
    def __init__(self, manner: str) -> None:
        self.manner = manner
        self.left = UNITS
        self.orders: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.ids = itertools.count(1)
        self.tickets: dict[str, dict[str, Any]] = {}
        self.presses = 0
        self.asking = 0
        self.answering = asyncio.Event()

    async def sign_in(self, request: web.Request) -> web.Response:
        name = (await request.json())["name"]
        return web.json_response({"token": f"token-of-{name}"})

    async def sale(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "id": 1,
                "price_cents": PRICE,
                "units": UNITS,
                "left": self.left,
                "buyer_limit": LIMIT,
                "opens_at": "2020-01-01T00:00:00Z",
                "closes_at": "2099-01-01T00:00:00Z",
            }
        )

    async def my_orders(self, request: web.Request) -> web.Response:
        return web.json_response({"orders": self.orders[request.headers["Authorization"]]})

    async def press(self, request: web.Request) -> web.Response:
        self.presses += 1
        if self.manner in {"shedding", "denying"} and self.presses % 2:
            if self.manner == "denying":
                await self.buy(request)
            return web.json_response({"type": "/problems/busy", "taken": False}, status=503)
        if self.manner not in {"queueing", "lying"}:
            return await self.buy(request)
        ticket = self.tickets[f"t{len(self.tickets)}"] = {"state": "queued", "looks": 0}
        answer = await self.buy(request)
        ticket["end"] = json.loads(answer.text or "")
        return web.json_response({"id": f"t{len(self.tickets) - 1}", "state": "queued"}, status=202)

    async def ticket(self, request: web.Request) -> web.Response:
        """Still queued at the first look, and ended at the second."""
        ticket = self.tickets[request.match_info["id"]]
        ticket["looks"] += 1
        if ticket["looks"] == 1:
            return web.json_response({"state": "queued"}, headers={"Retry-After": "1"})
        if "type" not in ticket["end"] or self.manner == "lying":
            return web.json_response({"state": "ordered", "order_id": ticket["end"].get("id", "none")})
        return web.json_response({"state": "refused", "problem": ticket["end"]["title"]})

    async def buy(self, request: web.Request) -> web.Response:
        who, quantity = request.headers["Authorization"], (await request.json())["quantity"]
        left, mine = self.left, sum(order["quantity"] for order in self.orders[who])
        if self.manner == "careless":
            await self.somebody_else()
        if left < quantity:
            return problem("sold_out")
        if mine + quantity > LIMIT:
            return problem("limit_reached")
        self.left = left - quantity
        order = {
            "id": str(next(self.ids)),
            "sale_id": 1,
            "quantity": quantity,
            "price_cents": PRICE,
            "created_at": "2026-01-01T00:00:00Z",
        }
        if self.manner != "forgetful" or int(order["id"]) % 2:
            self.orders[who].append(order)
        return web.json_response(order, status=201)

    async def somebody_else(self) -> None:
        """Another service, which answers nobody before more have asked than there are units."""
        self.asking += 1
        if self.asking > UNITS:
            self.answering.set()
        await self.answering.wait()


def problem(code: str) -> web.Response:
    return web.json_response({"type": f"/problems/{code}", "title": code, "status": 409}, status=409)


def main() -> None:
    shop, app = Shop(sys.argv[2]), web.Application()
    app.router.add_post("/api/session", shop.sign_in)
    app.router.add_get("/api/sales/1", shop.sale)
    app.router.add_post("/api/sales/1/orders", shop.press)
    app.router.add_get("/api/tickets/{id}", shop.ticket)
    app.router.add_get("/api/orders", shop.my_orders)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)


if __name__ == "__main__":
    main()
