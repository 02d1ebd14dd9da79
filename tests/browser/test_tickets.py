"""A press in s06, in a real browser: the ticket page tells how it ends, with JavaScript and without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from common.demo.contest import open_sale
from common.running import Running
from common.seed import demo_buyer
from common.web.i18n import messages
from tests.browser.conftest import Open, sign_in
from tests.edge import Run
from tests.streams import nobody_works

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
playwright = pytest.importorskip("playwright.sync_api", reason="it is in requirements-dev.txt")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="it is in requirements-dev.txt")
expect = playwright.expect
LANGUAGES = pytest.mark.parametrize(("locale", "language"), [("en-GB", "en"), ("zh-CN", "zh")])


@pytest.fixture(scope="module", params=["s06", "s07"])
def shop(run: Run, request: pytest.FixtureRequest) -> Running:
    return run(request.param)


def at_sale(visit: Open, shop: Running, **options: object) -> Page:
    """A signed-in buyer before a new sale of one unit."""
    page = visit(shop, **options)
    sign_in(page, demo_buyer(1))
    page.goto(f"/sales/{open_sale(shop, units=1)}")
    expect(page.locator("#press")).to_be_enabled()
    return page


@LANGUAGES
@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_press_leads_to_a_ticket_that_ends_as_an_order(
    visit: Open, shop: Running, scripts: bool, locale: str, language: str
) -> None:
    words = messages(language)
    page = at_sale(visit, shop, java_script_enabled=scripts, locale=locale)
    with nobody_works(shop):
        page.click("#press")
        page.wait_for_url("**/tickets/*")
        expect(page.locator("#result")).to_contain_text(words["ticket.queued"])
    expect(page.locator("#result")).to_contain_text(words["answer.placed.title"], timeout=20_000)
    page.click("#result a")
    expect(page.locator(".row").first).to_contain_text(words["status.placed"])


def test_without_a_stream_the_page_looks_again_by_itself(visit: Open, shop: Running) -> None:
    page = at_sale(visit, shop)
    page.route("**/events", lambda route: route.fulfill(status=503, body="{}"))
    looks: list[str] = []
    page.on("request", lambda request: looks.append(request.url))
    with nobody_works(shop):
        page.click("#press")
        page.wait_for_url("**/tickets/*")
        expect(page.locator("#result")).to_contain_text("waiting to be written")
    expect(page.locator("#result")).to_contain_text("It is yours", timeout=20_000)
    assert any("/api/tickets/" in url and not url.endswith("/events") for url in looks), "the power check"


def test_with_a_stream_the_page_does_not_ask_again(visit: Open, shop: Running) -> None:
    page = at_sale(visit, shop)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/tickets/" in request.url else None)
    with nobody_works(shop):
        page.click("#press")
        page.wait_for_url("**/tickets/*")
    expect(page.locator("#result")).to_contain_text("It is yours", timeout=20_000)
    assert [url.rpartition("/")[2] for url in asked] == ["events"]


def test_the_end_is_announced_to_a_screen_reader(visit: Open, shop: Running) -> None:
    page = at_sale(visit, shop)
    page.click("#press")
    status = page.get_by_role("status").filter(has_text="It is yours")
    expect(status).to_be_visible(timeout=20_000)


@LANGUAGES
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_page_of_a_ticket(
    visit: Open, shop: Running, scheme: str, locale: str, language: str
) -> None:
    page = at_sale(visit, shop, color_scheme=scheme, locale=locale, reduced_motion="reduce")
    with nobody_works(shop):
        page.click("#press")
        page.wait_for_url("**/tickets/*")
        expect(page.locator("#result")).to_contain_text(messages(language)["ticket.queued"])
        found = axe.Axe().run(page).response["violations"]
    expect(page.locator("#result")).to_contain_text(messages(language)["answer.placed.title"], timeout=20_000)
    assert found + axe.Axe().run(page).response["violations"] == []


def test_the_page_of_a_ticket_is_not_wider_than_a_small_phone(visit: Open, shop: Running) -> None:
    page = at_sale(visit, shop, viewport={"width": 360, "height": 740})
    page.click("#press")
    page.wait_for_url("**/tickets/*")
    expect(page.locator("#result")).to_contain_text("It is yours", timeout=20_000)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
