"""The real server before the real app: what only bytes on a wire, and several processes, can show."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass

import pytest

from common import database, seed
from common.backends import database_name
from common.lab import Lab, Process
from common.lab.sockets import free_port
from common.settings import Settings
from common.stages import Stage, find
from common.web.server import granian_argv
from tests.conftest import Fresh

WORKERS, THREADS = 2, 2


@dataclass
class Web:
    """A running server, the id of a sale, and the token of a buyer."""

    process: Process
    port: int
    sale: int
    token: str

    def connect(self) -> closing[socket.socket]:
        return closing(socket.create_connection(("127.0.0.1", self.port), timeout=10))

    def send(self, raw: bytes) -> tuple[int, str]:
        """Send bytes on a connection of their own; the status, and everything that came back."""
        with self.connect() as sock:
            sock.sendall(raw)
            data = b""
            while chunk := sock.recv(65536):
                data += chunk
        return int(data.split(b" ", 2)[1]), data.decode()

    def get(self, path: str) -> tuple[int, str]:
        return self.send(f"GET {path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n".encode())

    def press(self, headers: str, body: bytes) -> bytes:
        """The bytes of a press of the button. `headers` must say how long the body is."""
        return (
            f"POST /api/sales/{self.sale}/orders HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n"
            f"Authorization: Bearer {self.token}\r\nContent-Type: application/json\r\n{headers}\r\n"
        ).encode() + body

    def orders(self) -> int:
        """How many orders the buyer has, asked over the wire."""
        _, text = self.send(
            f"GET /api/orders HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n"
            f"Authorization: Bearer {self.token}\r\n\r\n".encode()
        )
        return len(json.loads(text.partition("\r\n\r\n")[2])["orders"])


def start(lab: Lab, settings: Settings, stage: Stage, **env: str) -> tuple[Process, int]:
    """Serve `stage` as in production; the process and its port."""
    port = free_port()

    def listening() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    process = lab.start_process(
        f"web-{stage.code}-{port}",
        granian_argv(stage.app, port, WORKERS, THREADS),
        env={"SECRET_KEY": settings.secret_key, "WEB_THREADS": str(THREADS), **env},
        ready=listening,
    )
    return process, port


@pytest.fixture(scope="module")
def web(lab: Lab, fresh: Fresh, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    settings = fresh("s01")
    seed.seed(settings.mysql_url, "s01", 1)
    with closing(database.connect(settings.mysql_url, database_name("s01"))) as db:
        db.run("UPDATE sales SET stock = 1000, initial = 1000, buyer_limit = 1000 WHERE image = 'tea'")
        sale = db.one("SELECT id FROM sales WHERE image = 'tea'")
    assert sale
    process, port = start(
        lab, settings, find("s01"), PROMETHEUS_MULTIPROC_DIR=str(tmp_path_factory.mktemp("metrics"))
    )
    yield Web(process, port, sale["id"], seed.demo_tokens(settings, 1)[0])
    process.stop()


GOOD = b'{"quantity": 1}'


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


SENT = {
    "as it should be": ("Content-Length: 15\r\n", GOOD, 201, ""),
    "in chunks": ("Transfer-Encoding: chunked\r\n", chunked(GOOD), 201, ""),
    "in chunks, too large": ("Transfer-Encoding: chunked\r\n", chunked(GOOD.ljust(65_537)), 413, "too_large"),
    "in chunks, 10 MiB": (
        "Transfer-Encoding: chunked\r\n",
        chunked(GOOD.ljust(10_485_760)),
        413,
        "too_large",
    ),
    "in chunks, and an empty body": ("Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", 422, "invalid"),
    "cut by its length": ("Content-Length: 14\r\n", GOOD, 422, "invalid"),
    "with an empty body": ("Content-Length: 0\r\n", b"", 422, "invalid"),
    "with a length that is none": ("Content-Length: one\r\n", GOOD, 400, ""),
    "with two lengths": ("Content-Length: 15\r\nContent-Length: 1\r\n", GOOD, 400, ""),
    "with a header folded into two lines": ("Content-Length: 15\r\nX-A: b\r\n c: d\r\n", GOOD, 400, ""),
    "with a NUL in a header": ("Content-Length: 15\r\nIdempotency-Key: a\0b\r\n", GOOD, 400, ""),
    "with two keys": (
        "Content-Length: 15\r\nIdempotency-Key: a\r\nIdempotency-Key: b c\r\n",
        GOOD,
        422,
        "invalid",
    ),
    "with two tokens": ("Content-Length: 15\r\nAuthorization: Bearer forged\r\n", GOOD, 401, "unauthorized"),
}


@pytest.mark.parametrize("name", SENT)
def test_a_press_on_the_wire(web: Web, name: str) -> None:
    headers, body, status, code = SENT[name]
    before = web.orders()
    try:
        answered, text = web.send(web.press(headers, body))
    except ConnectionError:  # it hung up while we were still sending ten megabytes: as good as its 413
        answered, text = status, code
        assert len(body) > 1_000_000
    assert answered == status, text
    assert code in text
    assert "Traceback" not in text
    assert web.orders() == before + (status == 201)


def test_more_idle_connections_than_threads_keep_nobody_out(web: Web) -> None:
    with ExitStack() as held:
        for _ in range(4 * WORKERS * THREADS):
            sock = held.enter_context(web.connect())
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: shop\r\n\r\n")
            assert sock.recv(65536).startswith(b"HTTP/1.1 200")


def test_metrics_are_of_all_processes_whoever_answers(web: Web) -> None:
    pattern = re.compile(r'seckill_requests_total\{route="/api/sales",stage="s01",status="200"\} (\d+)')

    def counted() -> int:
        found = pattern.search(web.get("/metrics")[1])
        return int(found[1]) if found else 0

    before = counted()
    for _ in range(20):
        assert web.get("/api/sales")[0] == 200
    assert [counted() for _ in range(6)] == [before + 20] * 6


def test_what_was_begun_is_finished_after_term(lab: Lab, web: Web, settings: Settings) -> None:
    process, port = start(lab, settings, find("s01"))
    with (
        closing(database.connect(settings.mysql_url, database_name("s01"))) as db,
        closing(socket.create_connection(("127.0.0.1", port), timeout=20)) as sock,
    ):
        db.run("LOCK TABLES sales WRITE")
        sock.sendall(Web(process, port, web.sale, web.token).press("Content-Length: 15\r\n", GOOD))
        waiting = "SELECT 1 FROM information_schema.processlist WHERE state LIKE 'Waiting for table%%'"
        with closing(database.connect(settings.mysql_url)) as looker:
            while not looker.one(waiting):
                pass
        process.send_signal(15)
        assert process.wait(0.5) is None, "the power check: it waits for the press"
        db.run("UNLOCK TABLES")
        assert sock.recv(65536).startswith(b"HTTP/1.1 201")
    assert process.wait(10) is not None
