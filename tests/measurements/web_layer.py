"""What a press costs the web layer in processor time, beside Flask saying hello and a refusal without Flask.

No proof: figures.

    .venv/bin/python -m tests.measurements.web_layer docs/results/web_layer.json

Calls the apps as a server would (WSGI), in this process and one request after the other: no HTTP parser, no
edge, no other process is counted. Processor time of this thread, not wall time: a busy machine blurs it less.
Rounds in turns; only ratios within one run mean something. Takes about half a minute, on loopback only.
"""

from __future__ import annotations

import io
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from flask import Flask

from common import schema
from common.bench import hello
from common.circumstances import circumstances
from common.ids import new_id
from common.lab import Lab
from common.proof import usual
from common.seed import demo_tokens
from common.settings import Settings
from common.stages import find
from common.tokens import read_token
from common.web.context import EXTENSION, Context

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ROUNDS, TIMES, BUYERS = 7, 1500, 2000
STAGE = "s05"
COMMAND = f"python -m tests.measurements.web_layer; {ROUNDS} rounds in turns of {TIMES} requests each"

Ask = Callable[[], str]
"""Sends one request; the status it was answered with."""


def main(file: Path) -> None:
    with Lab(say=print) as lab:
        os.environ.update(MYSQL_URL=lab.mysql.url, REDIS_URL=lab.redis.url)
        schema.prepare(lab.mysql.url, STAGE)
        shop: Flask = find(STAGE).load().create_app()
        with log_lines_thrown_away():
            figures = measure(subjects(shop))
        context(shop).services.stop()
        context(shop).backends.pool.close()
        context(shop).backends.stock.close()
    about = {**circumstances(COMMAND), "python": platform.python_version(), "stage": STAGE}
    file.write_text(json.dumps({"about": about, "cpu_us": figures}, indent=1) + "\n")
    print(file.read_text())


def subjects(shop: Flask) -> dict[str, tuple[Ask, str]]:
    """What is asked, and how it has to be answered for its figure to count."""
    plenty, none = (sale(shop, units) for units in (1_000_000, 0))
    tokens = demo_tokens(context(shop).backends.settings, BUYERS)
    shop_app = shop.wsgi_app
    press(shop_app, none, tokens)()  # puts up the flag
    return {
        "hello": (get(hello.create_app().wsgi_app, "/"), "200"),
        "healthz": (get(shop_app, "/healthz"), "200"),
        "refused": (press(shop_app, none, tokens), "409"),
        "refused without Flask": (press(Bare(context(shop).backends.settings, none), none, tokens), "409"),
        "accepted": (press(shop_app, plenty, tokens), "201"),
    }


class Bare:
    """The same no by a plain WSGI function: reads the token, looks whether its buyer owns something, answers.

    What it leaves out is what a shop cannot: routing, the key, the body, the log line, counters, headers.
    """

    def __init__(self, settings: Settings, sold_out: int) -> None:
        self._settings = settings
        self._owners: dict[str, frozenset[int]] = {f"/api/sales/{sold_out}/orders": frozenset()}
        self._no = json.dumps({"type": "/problems/sold_out", "title": "Sold out", "status": 409}).encode()
        self._headers = [("Content-Type", "application/problem+json"), ("Content-Length", str(len(self._no)))]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        buyer = read_token(self._settings, environ["HTTP_AUTHORIZATION"].removeprefix("Bearer "))
        if buyer is None or buyer.id in self._owners[environ["PATH_INFO"]]:
            raise LookupError("nobody here is to be let through")
        start_response("409 CONFLICT", self._headers)
        return [self._no]


def measure(asked: dict[str, tuple[Ask, str]]) -> dict[str, dict[str, float]]:
    """Microseconds of processor time for one request (median of the rounds), and the multiple of hello's."""
    rounds: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(ROUNDS):
        for name, (ask, wanted) in asked.items():
            before = time.thread_time()
            answers = {ask() for _ in range(TIMES)}
            rounds[name].append(1e6 * (time.thread_time() - before) / TIMES)
            assert answers == {wanted}, f"{name}: {answers}"
    hello_us = rounds["hello"]
    return {
        name: {
            "us": round(median(each), 1),
            "of_hello": round(median(us / base for us, base in zip(each, hello_us, strict=True)), 2),
        }
        for name, each in rounds.items()
    }


def context(shop: Flask) -> Context:
    found: Context = shop.extensions[EXTENSION]
    return found


def sale(shop: Flask, units: int) -> int:
    return usual.sale(context(shop).backoffice, context(shop).backends.clock(), units, limit=1000).id


def get(app: WSGIApplication, path: str) -> Ask:
    return lambda: send(app, environ("GET", path))


def press(app: WSGIApplication, sale_id: int, tokens: list[str]) -> Ask:
    """A press by the next buyer, with a key of its own, as wrk sends it."""
    buyers = cycle(tokens)

    def ask() -> str:
        body = b'{"quantity":1}'
        return send(
            app,
            {
                **environ("POST", f"/api/sales/{sale_id}/orders"),
                "HTTP_AUTHORIZATION": f"Bearer {next(buyers)}",
                "HTTP_IDEMPOTENCY_KEY": new_id(),
                "CONTENT_TYPE": "application/json",
                "CONTENT_LENGTH": str(len(body)),
                "wsgi.input": io.BytesIO(body),
            },
        )

    return ask


def cycle(tokens: list[str]) -> Iterator[str]:
    while True:
        yield from tokens


def environ(method: str, path: str) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def send(app: WSGIApplication, asked: dict[str, Any]) -> str:
    status = ""

    def start(line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], Any]:
        nonlocal status
        status = line[:3]
        return lambda _: None

    b"".join(app(asked, start))
    return status


@contextmanager
def log_lines_thrown_away() -> Iterator[None]:
    """They are written as ever, but to nowhere."""
    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
        yield


if __name__ == "__main__":
    main(Path(sys.argv[1]))
