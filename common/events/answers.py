"""Requests and answers in ASGI, no more of them than the events process needs."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Self

from redis import RedisError

from common.ids import new_id
from common.shop import Busy, Refused
from common.web.guards import HEADERS
from common.web.logs import SANE_ID
from common.web.problems import Problem, refusal

log = logging.getLogger(__name__)


class MethodNotAllowed(Refused):
    """There is only one way to ask here; `allow` names it."""

    type, status, title = "method_not_allowed", 405, "Method Not Allowed"

    def __init__(self, allow: str) -> None:
        super().__init__(f"Only {allow} is allowed here")
        self.allow = allow


@dataclass(frozen=True)
class Request:
    """What was asked. A header that is sent twice is both its values, and so is none of ours."""

    id: str
    method: str
    path: str
    headers: dict[str, str]

    @classmethod
    def of(cls, scope: Mapping[str, Any]) -> Self:
        headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            text = value.decode("latin-1")
            known = headers.get(name.decode("latin-1").lower())
            headers[name.decode("latin-1").lower()] = text if known is None else f"{known}, {text}"
        sent = headers.get("x-request-id", "")
        return cls(sent if SANE_ID.fullmatch(sent) else new_id(), scope["method"], scope["path"], headers)

    def check_method(self, allowed: str) -> None:
        if self.method != allowed:
            raise MethodNotAllowed(allowed)


class Answer:
    """One answer on its way: a head, then text as it comes, then the end."""

    def __init__(self, request_id: str, send: Callable[[MutableMapping[str, Any]], Awaitable[None]]) -> None:
        self._request_id = request_id
        self._send = send
        self.begun = False
        self.status = 0

    def told(self, request: Request) -> dict[str, Any]:
        """For the log: what was asked, and with what it was answered."""
        asked = {"request_id": request.id, "method": request.method, "path": request.path[:200]}
        return {**asked, "status": self.status}

    async def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Send status and headers; those that every answer of the shop has are added."""
        every = {**HEADERS, "Cache-Control": "no-store", "X-Request-Id": self._request_id, **headers}
        pairs = [(name.lower().encode(), value.encode()) for name, value in every.items()]
        self.begun, self.status = True, status
        await self._send({"type": "http.response.start", "status": status, "headers": pairs})

    async def send(self, text: str) -> None:
        if text:
            await self._send({"type": "http.response.body", "body": text.encode(), "more_body": True})

    async def end(self, text: str = "") -> None:
        await self._send({"type": "http.response.body", "body": text.encode(), "more_body": False})

    async def whole(self, status: int, headers: Mapping[str, str], document: object) -> None:
        """A whole answer in JSON."""
        await self.begin(status, {"Content-Type": "application/json", **headers})
        await self.end(json.dumps(document))


def problem_of(error: Exception) -> Problem:
    """The problem document of any exception, as in common.web.problems."""
    if isinstance(error, RedisError):
        log.warning("Redis does not answer: %s", error)
        return refusal(Busy("Redis does not answer; please try again", retry_after=2))
    if isinstance(error, MethodNotAllowed):
        return Problem(error.type, error.status, error.title, error.detail, {"Allow": error.allow})
    if isinstance(error, Refused):
        return refusal(error)
    log.error("Unexpected", exc_info=error)
    return Problem("internal", 500, "Internal error", "An error of ours; it is logged")
