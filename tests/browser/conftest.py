"""A real shop on a real port, and real browsers before it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.serving import make_server

from common.buyers import Buyer
from common.seed import ADMIN, add_buyers, demo_buyer
from common.settings import Settings
from tests.conftest import Fresh, apps
from tests.web.conftest import Site
from tests.world import HandClock

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Response

BUYERS = 60
PROMISED = {501, 503}  # the only answers from 500 on that the contract knows

Open = Callable[..., "Page"]

# A browser that leaves in mid-answer: werkzeug leaves the file that it was sending to the garbage collector.
HUNG_UP = (
    r"ignore:Exception ignored in. <_io\.FileIO name='.*/static/:pytest.PytestUnraisableExceptionWarning"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker(pytest.mark.filterwarnings(HUNG_UP))


class Store(Site):
    """A site that listens on a loopback port. Every buyer it hands out has an account and no orders yet."""

    def __init__(self, app: Flask, port: int) -> None:
        super().__init__(app)
        self.url = f"http://127.0.0.1:{port}"
        self._buyers = itertools.count(1)
        with self.context.backends.sql() as db:
            add_buyers(db, BUYERS, datetime.now(UTC))

    def buyer(self) -> Buyer:
        return demo_buyer(next(self._buyers))

    def orders_of(self, buyer: Buyer) -> list[int]:
        """How many pieces each of the buyer's orders has."""
        return [order.quantity for order in self.context.orders.of(buyer.id)]


@contextmanager
def serving(app: Flask) -> Iterator[Store]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Store(app, server.port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def store(fresh: Fresh, settings: Settings) -> Iterator[Store]:
    """s02, where a sold-out sale is really sold out, on an empty database."""
    fresh("s02")
    with apps(settings) as make, serving(make("s02")) as running:
        yield running


@pytest.fixture
def hand_clock() -> HandClock:
    return HandClock()


@pytest.fixture
def timeless_store(fresh: Fresh, settings: Settings, hand_clock: HandClock) -> Iterator[Store]:
    """A store whose clock moves only by hand."""
    fresh("s02")
    with apps(settings) as make, serving(make("s02", clock=hand_clock)) as running:
        yield running


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Open]:
    """`visit(store, locale="zh-CN", …)`: a page of a browser of its own, before that store.

    Proves on the side, for every test: no script fails or complains, no policy is violated, nothing is asked
    of any machine but this one, and nothing that a page needs is missing.
    """
    complaints: list[str] = []
    contexts = []

    def new(store: Store, *, locale: str = "en-GB", **options: Any) -> Page:
        context = chromium.new_context(base_url=store.url, locale=locale, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"script failed: {error}"))
        page.on("console", lambda message: complaints.extend(complaint(message)))
        page.on("request", lambda request: complaints.extend(elsewhere(request.url, store.url)))
        page.on("response", lambda response: complaints.extend(missing(response)))
        return page

    yield new
    for context in contexts:
        context.close()
    assert complaints == []


def complaint(message: Any) -> Iterator[str]:
    """What a script wrote to the console. (Chromium itself writes a line for each refusal; see `missing`.)"""
    if message.type in {"warning", "error"} and not message.text.startswith("Failed to load resource"):
        yield f"console: {message.text}"


def elsewhere(url: str, home: str) -> Iterator[str]:
    if not url.startswith((f"{home}/", "data:")):
        yield f"left this machine: {url}"


def missing(response: Response) -> Iterator[str]:
    path = urlsplit(response.url).path
    asset = path.startswith("/static/") or path.endswith(".ico")
    if (asset and response.status >= 400) or (response.status >= 500 and response.status not in PROMISED):
        yield f"{response.status} for {path}"


def sign_in(page: Page, buyer: Buyer) -> None:
    """Through the form, as a person would."""
    page.goto("/login")
    page.fill("#name", buyer.name)
    page.fill("#password", "admin" if buyer == ADMIN else "demo")
    page.click("main button")
    page.wait_for_url("**/")
