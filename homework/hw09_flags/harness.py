"""What the grader calls, in the sandbox, together with your files. Each function gets `Backends` first."""

from __future__ import annotations

import json
import socket
from http.client import HTTPConnection
from typing import Any

import attacks
import doors
from shelf import Press, Shelf

from common.backends import Backends
from common.shop import Refused

DOORS: dict[str, type[doors.Door]] = {
    "path": doors.PathDoor,
    "count": doors.CountDoor,
    "opening": doors.OpeningDoor,
}


def enter(b: Backends, sale: dict[str, Any], buyer_id: int) -> str:
    """Somebody asks for a permit."""
    return door(b, sale).enter(buyer_id)


def buy(b: Backends, sale: dict[str, Any], press: dict[str, Any]) -> str:
    """Somebody presses the button."""
    return door(b, sale).buy(Press(**press))


def door(b: Backends, sale: dict[str, Any]) -> doors.Door:
    shelf = Shelf(b.stock, b.keys, sale["id"])
    secret, blocked = sale["secret"].encode(), frozenset(sale["blocked"])
    return DOORS[sale["door"]](shelf, b.clock, secret, sale["opens_at"], blocked)


def attack(_: Backends, name: str, path: str, page: dict[str, int]) -> str:
    """One of your attacks on a shop at the other end of the line."""
    return getattr(attacks, name)(Shop(path, **page))  # type: ignore[no-any-return]


class Shop:
    """The shop as your browser reaches it: HTTP, by a unix socket. See attacks.py."""

    def __init__(self, path: str, buyer_id: int, sale_id: int, opens_at: int, now: int) -> None:
        self._path = path
        self.buyer_id, self.sale_id, self.opens_at, self.now = buyer_id, sale_id, opens_at, now

    def enter(self) -> str:
        return self._post("/entry")["permit"]  # type: ignore[no-any-return]

    def buy(self, permit: str, key: str, units: int = 1, pressed_at: int = 0) -> str:
        return self._post("/orders", **press(permit, key, units, pressed_at))["number"]  # type: ignore[no-any-return]

    def buy_both(self, order: str, first: dict[str, Any], second: dict[str, Any]) -> list[str]:
        both = {"first": press(**first), "second": press(**second)}
        return self._post("/both", order=order, **both)["numbers"]  # type: ignore[no-any-return]

    def _post(self, path: str, **said: Any) -> dict[str, Any]:
        line = Line(self._path)
        line.request("POST", path, json.dumps(said))
        reply = line.getresponse()
        answer = json.loads(reply.read())
        line.close()
        if reply.status != 200:
            error = Refused(answer["detail"])
            error.type, error.status = answer["type"], reply.status
            raise error
        return answer  # type: ignore[no-any-return]


def press(permit: str, key: str, units: int = 1, pressed_at: int = 0) -> dict[str, Any]:
    return {"permit": permit, "key": key, "units": units, "pressed_at": pressed_at}


class Line(HTTPConnection):
    """HTTP by a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("shop")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)
