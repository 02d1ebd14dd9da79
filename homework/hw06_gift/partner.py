"""The outside service: it gives gifts by HTTP on a unix socket, and loses replies when it is told to."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Literal, Self

TABLE = """
    CREATE TABLE gifts (
        order_id CHAR(36)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
        state    VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        number   VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
        asked_at DATETIME(3) NOT NULL
    ) ENGINE = InnoDB
"""

Loss = Literal["", "request", "reply"]


@dataclass
class Partner:
    """The service. `POST /gifts` with an Idempotency-Key answers {"number": "G1"}, or 410 when none are left.

    Guarantees that a key gets the answer it got first, and no second gift, until it is forgotten. The gifts
    of each order are numbered from G1 on.
    """

    path: Path
    left: int = 1000
    gifts: list[tuple[str, str]] = field(default_factory=list)  # (order, number), as given
    asked: int = 0  # requests that came
    lose: Loss = ""  # what the next request loses: itself, or its reply
    meanwhile: Callable[[], None] = lambda: None  # called after a gift was given, before its reply
    _answers: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        partner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                partner._serve(self)

            def log_message(self, *_: object) -> None: ...

        self._server = Server(str(self.path), Handler)
        self.path.chmod(0o666)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def forget(self) -> None:
        """A day has passed: no key is known any more."""
        self._answers.clear()

    def given(self, order_id: str) -> list[str]:
        """The numbers of the gifts that this order has got."""
        return [number for order, number in self.gifts if order == order_id]

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        with self._lock:
            lose, self.lose = self.lose, ""
            self.asked += 1
            status, answer = (
                (0, {})
                if lose == "request"
                else self._give(request.headers["Idempotency-Key"], json.loads(body)["order"])
            )
            meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        if lose:
            request.connection.shutdown(socket.SHUT_RDWR)
        else:
            reply(request, status, answer)

    def _give(self, key: str, order_id: str) -> tuple[int, dict[str, str]]:
        if key not in self._answers:
            self._answers[key] = self._new(order_id)
        return self._answers[key]

    def _new(self, order_id: str) -> tuple[int, dict[str, str]]:
        if not self.left:
            return 410, {"title": "No gifts are left"}
        self.left -= 1
        number = f"G{len(self.given(order_id)) + 1}"
        self.gifts.append((order_id, number))
        return 200, {"number": number}


class Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that is gone before its reply is what this is about."""


def reply(request: BaseHTTPRequestHandler, status: int, answer: dict[str, str]) -> None:
    content = json.dumps(answer).encode()
    request.send_response(status)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)
