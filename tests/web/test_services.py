"""Services run beside the requests, in every process that serves, and end with it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from common.backends import Backends
from common.shop import Shop
from common.web import create_app
from common.web.context import EXTENSION
from common.web.seam import WrongSeam, plugs
from common.web.services import Services
from stages.s01_naive.app import create_shop
from tests.conftest import MakeApp
from tests.web.conftest import Site


class Loop:
    """A service that counts its starts, and fails the first `failures` times."""

    where = "web"

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.starts = 0
        self.running = threading.Event()
        self.ended = threading.Event()

    def run(self, stop: Callable[[], bool]) -> None:
        self.starts += 1
        if self.starts <= self.failures:
            raise ConnectionError("not yet")
        self.running.set()
        while not stop():
            self.ended.wait(0.001)
        self.ended.set()


def test_services_start_with_the_first_request_and_end_with_the_app(site: Site) -> None:
    loop, elsewhere, before = Loop(), Loop(), {*threading.enumerate()}
    elsewhere.where = "own"

    def create(b: Backends) -> Shop:
        return replace(create_shop(b), services={"a": loop, "b": elsewhere})

    app = create_app("s01", create, site.settings)
    services: Services = app.extensions[EXTENSION].services
    assert not loop.starts, "creating the app starts nothing: `flask setup` creates one too"
    app.test_client().get("/healthz")
    assert loop.running.wait(5)
    app.test_client().get("/healthz")
    services.stop()
    assert loop.ended.wait(5)
    assert (loop.starts, elsewhere.starts) == (1, 0)
    assert not any("_keep_running" in thread.name for thread in {*threading.enumerate()} - before)


def test_a_service_that_fails_is_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.web.services.PAUSE", 0.001)
    loop = Loop(failures=2)
    services = Services([loop])
    services.start()
    assert loop.running.wait(5)
    services.stop()
    assert loop.starts == 3


def test_a_forked_process_starts_services_of_its_own() -> None:
    loop = Loop()
    services = Services([loop])
    services.start()
    assert loop.running.wait(5)
    services.start()
    assert loop.starts == 1
    services._process = os.getpid() + 1  # as a fork sees it: started, but by another process
    loop.running.clear()
    services.start()
    assert loop.running.wait(5)
    services.stop()
    assert loop.starts == 2


def test_the_seam_plugs_a_class_into_the_stage(monkeypatch: pytest.MonkeyPatch, make_app: MakeApp) -> None:
    monkeypatch.setenv("SECKILL_WITH", "checkout=stages.s02_guarded_update.checkout:GuardedCheckout")
    shop = make_app("s01").extensions[EXTENSION].shop
    assert type(shop.buy).__name__ == "GuardedCheckout"
    monkeypatch.setenv("SECKILL_WITH", "")
    assert type(make_app("s01").extensions[EXTENSION].shop.buy).__name__ == "NaiveCheckout"


WRONG = {
    "checkout": "not of the form",
    "checkout=": "not of the form",
    "checkout=stages.s01_naive.checkout": "not of the form",
    "=a:b": "not of the form",
    "stock=a:b": "takes checkout, not 'stock'",
    "checkout=no.such.module:Name": "cannot load",
    "checkout=stages.s01_naive.checkout:NoSuchName": "cannot load",
    "checkout=:Name": "not of the form",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_seam_says_what_is_wrong(text: str) -> None:
    with pytest.raises(WrongSeam, match=WRONG[text]):
        plugs(text, create_shop)
