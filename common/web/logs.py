"""One JSON line and a few numbers for every request: what was asked, what became of it, how long it took.

A WSGI wrapper, not a hook of Flask's: it sees the answer that really leaves, also when a hook fails. Its line
is written without the logging package, whose record, caller and formatter cost twice what Flask's hello does.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TextIO, cast

from flask import Flask, request
from flask.logging import wsgi_errors_stream
from prometheus_client import Counter, Histogram
from pythonjsonlogger.json import JsonFormatter

from common.ids import new_id
from common.shop import Order, Outcome

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

NOTE = "seckill.note"
BUYS = {"buy.buy", "pages.buy"}  # the endpoints of the button: API and page
SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

REQUESTS = Counter("seckill_requests", "Requests answered", ["stage", "route", "status"])
SECONDS = Histogram("seckill_request_seconds", "Time to the first byte of the answer", ["stage", "route"])
ATTEMPTS = Counter(
    "seckill_attempts", "Presses of the buy button by what became of them", ["stage", "outcome"]
)


@dataclass
class Note:
    """What is learned about a request on its way, for its log line.

    `outcome` is `ok`, a problem's code, or what a press was answered with, whose id is then `answered_with`.
    """

    request_id: str
    route: str = "none"
    endpoint: str = ""
    buyer_id: int | None = None
    outcome: str = "ok"
    answered_with: str | None = None

    def answer(self, outcome: Outcome) -> None:
        """A press was answered with an order, or with a ticket."""
        self.outcome = "order" if isinstance(outcome, Order) else "ticket"
        self.answered_with = outcome.id


def note() -> Note:
    """The note of the request being answered."""
    found = request.environ[NOTE]
    assert isinstance(found, Note)
    return found


class RequestLog:
    """Gives each request an id (the sender's X-Request-Id if it is sane), and records how it ended."""

    def __init__(self, app: WSGIApplication, stage: str) -> None:
        self._app = app
        self._stage = stage

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        sent = environ.get("HTTP_X_REQUEST_ID", "")
        note = environ[NOTE] = Note(sent if SANE_ID.fullmatch(sent) else new_id())
        at, started = datetime.now(UTC), time.perf_counter()
        status = "500"

        def start(line: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            nonlocal status
            status = line[:3]
            return start_response(line, [*headers, ("X-Request-Id", note.request_id)], *exc_info)

        try:
            return self._app(environ, start)
        finally:
            self._record(environ, note, status, at, time.perf_counter() - started)

    def _record(
        self, environ: WSGIEnvironment, note: Note, status: str, at: datetime, seconds: float
    ) -> None:
        requests, times = counters(self._stage, note.route, status)
        requests.inc()
        times.observe(seconds)
        if note.endpoint in BUYS:
            ATTEMPTS.labels(self._stage, note.outcome).inc()
        if log.isEnabledFor(logging.INFO):
            fields = {
                "time": (at + timedelta(seconds=seconds)).isoformat(),  # the end, however late it is written
                "level": "INFO",
                "name": __name__,
                "message": "request",
                "request_id": note.request_id,
                "stage": self._stage,
                "method": environ["REQUEST_METHOD"],
                "path": environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")[:200],
                "status": int(status),
                "ms": round(seconds * 1000, 2),
                "buyer_id": note.buyer_id,
                "outcome": note.outcome,
                "answered_with": note.answered_with,
                "forwarded_for": environ.get("HTTP_X_FORWARDED_FOR", "")[:64] or None,  # the edge's word
            }
            with suppress(OSError, ValueError):  # stderr is gone: no reason to answer nobody
                sys.stderr.write(json.dumps(fields) + "\n")  # in one piece: it is flushed line by line


@cache
def counters(stage: str, route: str, status: str) -> tuple[Counter, Histogram]:
    """Looked up once: there are few routes, and few ways to answer."""
    return REQUESTS.labels(stage, route, status), SECONDS.labels(stage, route)


def install(app: Flask, stage: str, level: str) -> None:
    """Log and count this app's requests, and write every log line of ours to stderr as JSON."""
    write_json(level)
    app.before_request(note_the_route)
    app.wsgi_app = RequestLog(app.wsgi_app, stage)  # type: ignore[method-assign]


def write_json(level: str) -> None:
    """Write every log line of ours to stderr as JSON."""
    for name in ("common", "stages"):
        ours = logging.getLogger(name)
        ours.setLevel(level)
        if not ours.handlers:
            ours.addHandler(json_handler())


def note_the_route() -> None:
    """The rule, not the path: there are few rules, and as many paths as somebody cares to ask for."""
    if request.url_rule is not None:
        kept = note()
        kept.route, kept.endpoint = request.url_rule.rule, request.url_rule.endpoint


def json_handler() -> logging.Handler:
    handler = logging.StreamHandler(cast(TextIO, wsgi_errors_stream))  # stderr as it is at that moment
    handler.setFormatter(
        JsonFormatter(
            ["levelname", "name", "message"],
            style=",",
            timestamp="time",
            rename_fields={"levelname": "level"},
        )
    )
    return handler
