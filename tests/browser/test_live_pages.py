"""The pages that a class looks at, in a real browser: the live lab, the duel, the room and its phones."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from common import room
from common.demo.contest import Crowd, hold
from common.lab import Lab
from common.lab.sockets import free_port
from common.live import duelled, watched
from common.room import opened
from common.room.address import LOOPBACK
from common.running import Running, run_stage
from common.stages import find
from tests.browser.conftest import Open
from tests.edge import Run

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
playwright = pytest.importorskip("playwright.sync_api", reason="it is in requirements-dev.txt")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="it is in requirements-dev.txt")
expect = playwright.expect
PHONE = {"width": 360, "height": 740}
LONG = 30_000  # milliseconds


@pytest.fixture(scope="module")
def s01(run: Run) -> Running:
    return run("s01")


def at(visit: Open, url: str, **options: Any) -> Page:
    """A page of a browser of its own; `url` may carry the key."""
    home, slash, rest = url.partition("/?") if "/?" in url else (url.rstrip("/"), "/", "")
    page = visit(SimpleNamespace(url=home), **options)
    page.goto(f"{slash}{rest}")
    return page


def looks_right(page: Page) -> None:
    """Accessible, and no wider than a small phone."""
    assert axe.Axe().run(page).response["violations"] == []
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_phone_joins_by_itself_waits_for_the_teacher_and_buys(visit: Open, s01: Running) -> None:
    with opened(s01, LOOPBACK, seats=3) as (projector_url, phones_url):
        projector = at(visit, projector_url)
        phone = at(visit, phones_url, viewport=PHONE)
        expect(projector.locator("#here")).to_have_text("1")
        assert projector.locator("#qr").evaluate("image => image.complete && image.naturalWidth > 100")
        expect(phone.locator("#press")).to_be_disabled()
        looks_right(phone)
        projector.click("#buttons button")
        expect(phone.locator("body")).to_have_attribute("data-state", "countdown")
        expect(projector.locator("#big")).to_contain_text("seconds, then 1 units")
        expect(phone.locator("#press")).to_be_enabled(timeout=LONG)
        phone.click("#press")
        expect(phone.locator("#answer")).to_have_text("It is yours!", timeout=LONG)
        expect(phone.locator("#press")).to_be_disabled()
        expect(projector.locator("#light")).to_have_attribute("data-state", "kept", timeout=LONG)
        expect(projector.locator("#big")).to_have_text("1 sold of 1")
        phone.reload()
        expect(phone.locator("#answer")).to_have_text("It is yours!")
        expect(phone.locator("body")).to_have_attribute("data-state", "open")
        projector.click("#language")
        expect(projector.locator("#light")).to_contain_text("守住")
        looks_right(projector)


def test_a_phone_finds_its_way_into_the_next_shop(
    visit: Open, run: Run, s01: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The teacher ends one stage and starts the next: same address, another server, which knows no token."""
    monkeypatch.setattr(room, "PORT", free_port())
    with opened(s01, LOOPBACK, seats=3) as (_, phones_url):
        phone = at(visit, phones_url)
        expect(phone.locator("#who")).to_have_text("Buyer 1")
    expect(phone.locator("#said")).to_have_text("Not connected; trying again …", timeout=LONG)
    with opened(run("s02"), LOOPBACK, seats=3) as (projector_url, again):
        assert again == phones_url
        projector = at(visit, projector_url)
        expect(projector.locator("#here")).to_have_text("1", timeout=LONG)
        expect(phone.locator("#said")).to_have_text("", timeout=LONG)


@contextmanager
def held(duel: Any, shops: list[Running], crowd: Crowd) -> Iterator[None]:
    """What the command does: wait for the button, hold both contests."""

    def contests() -> None:
        duel.wait_for_start()
        for shop in shops:
            hold(shop, crowd, duel)
        duel.over("<svg/>")

    thread = threading.Thread(target=contests)
    thread.start()
    yield
    thread.join(60)
    assert not thread.is_alive()


def test_a_duel_ends_with_a_verdict_in_both_languages(visit: Open, run: Run, s01: Running) -> None:
    crowd, shops = Crowd(buyers=60, units=10, seed=1), [s01, run("s02")]
    with duelled(shops, crowd) as (duel, url):
        page = at(visit, url)
        with held(duel, shops, crowd):
            page.click("#buttons button")
        expect(page.locator("#verdict")).to_be_visible(timeout=LONG)
        expect(page.locator("#second")).to_contain_text(
            "s02_guarded_update sold 10 of 10: every promise kept"
        )
        expect(page.locator(".side")).to_have_count(2)
        with page.expect_download() as saved:
            page.click("#picture")
        assert saved.value.suggested_filename == "duel.svg"
        page.click("#language")
        expect(page.locator("#second")).to_contain_text("说到做到")
        looks_right(page)


def test_the_live_lab_shows_a_crowd_and_what_became_of_it(visit: Open, lab: Lab) -> None:
    port = free_port()

    def start(**options: Any) -> Running:
        return run_stage(lab, find("s02"), port=port, buyers=3, **options)

    with watched(lab, start) as (running, url):
        try:
            page = at(visit, url)
            page.click("button.crowd")
            expect(page.locator("#sold")).to_have_text("100 / 100", timeout=LONG)
            expect(page.locator("#light")).to_have_attribute("data-state", "kept")
            expect(page.locator("#legend")).to_contain_text("sold out")
            looks_right(page)
        finally:
            for process in running.processes:
                process.stop()
