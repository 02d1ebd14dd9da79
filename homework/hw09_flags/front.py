"""The shop's front: HTTP on a unix socket, for one buyer who is logged in. Behind it is whatever answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any, Self

from common.shop import Invalid, NoSuchSale, Refused

LARGEST = 1 << 16  # bytes of one request
LONGEST_TEXT = 500  # characters of a permit or a key
MOST_UNITS = 9
FARTHEST = 1 << 53  # unix ms

Serve = Callable[[str, dict[str, Any]], dict[str, Any]]


class Front:
    """Answers one request after the other by `serve(path, body)`, which may raise `Refused`.

    `trouble` is what else it raised first, if anything: the client is not told. `asked` counts requests.
    """

    def __init__(self, path: Path, serve: Serve) -> None:
        self.asked = 0
        self.trouble: Exception | None = None
        self._path, self._serve, self._one = path, serve, threading.Lock()

    def __enter__(self) -> Self:
        front = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                front._answer(self)

            def log_message(self, *_: object) -> None: ...

        self._server = Server(str(self._path), Handler)
        self._path.chmod(0o666)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        with self._one:  # what is under way ends first, and nothing begins after it
            self._serve = closed

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        try:
            body = json.loads(request.rfile.read(min(LARGEST, int(request.headers["Content-Length"]))))
        except (TypeError, ValueError, RecursionError):
            body = None
        status, answer = 422, {"type": "invalid", "detail": "the body is no JSON object"}
        if isinstance(body, dict):
            with self._one:
                status, answer = self._look_up(request.path, body)
        content = json.dumps(answer).encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def _look_up(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.asked += 1
        try:
            return 200, self._serve(path, body)
        except Refused as error:
            return error.status, {"type": error.type, "detail": error.detail}
        except Exception as error:
            self.trouble = self.trouble or error
            return 500, {"type": "trouble", "detail": "the shop has a fault of its own"}


class Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that is gone before its reply hears nothing."""


def closed(_path: str, _body: dict[str, Any]) -> dict[str, Any]:
    raise NoSuchSale


def a_press(body: Any, buyer_id: int) -> dict[str, Any]:
    """A press as the door gets it: who is logged in, and what the browser says. Raises `Invalid`."""
    if not isinstance(body, dict):
        raise Invalid("press", "no press")
    permit, key, units, at = (body.get(name) for name in ("permit", "key", "units", "pressed_at"))
    for name, text in (("permit", permit), ("key", key)):
        if not isinstance(text, str) or not text.isprintable() or not 0 < len(text) <= LONGEST_TEXT:
            raise Invalid(name, f"a text of {LONGEST_TEXT} characters at most")
    if type(units) is not int or not 1 <= units <= MOST_UNITS:
        raise Invalid("units", f"1 to {MOST_UNITS}")
    if type(at) is not int or abs(at) > FARTHEST:
        raise Invalid("pressed_at", "unix ms")
    return {"buyer_id": buyer_id, "permit": permit, "key": key, "units": units, "pressed_at": at}
