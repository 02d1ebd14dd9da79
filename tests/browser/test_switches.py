"""The live switches of s10 in a real browser; and what a page says while nobody can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from common.demo.contest import open_sale
from common.running import Running
from common.seed import ADMIN
from common.web.i18n import messages
from tests.browser.conftest import Open, sign_in
from tests.browser.test_accessibility import violations
from tests.edge import Run

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.slow]
playwright = pytest.importorskip("playwright.sync_api", reason="it is in requirements-dev.txt")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="it is in requirements-dev.txt")
expect = playwright.expect
LANGUAGES = pytest.mark.parametrize(("locale", "language"), [("en-GB", "en"), ("zh-CN", "zh")])


@pytest.fixture(scope="module")
def shop(run: Run) -> Running:
    return run("s10")


@LANGUAGES
def test_the_back_office_switches_with_the_keyboard(
    visit: Open, shop: Running, locale: str, language: str
) -> None:
    page: Page = visit(shop, locale=locale)
    sign_in(page, ADMIN)
    page.goto("/admin")
    page.get_by_role("link", name=messages(language)["switches.title"]).click()
    assert violations(page) == []
    box = page.get_by_label(messages(language)["switch.buying"])
    box.focus()
    page.keyboard.press("Space")
    page.get_by_label(messages(language)["field.shed"]).fill("25")
    page.keyboard.press("Enter")
    expect(page.get_by_text(messages(language)["done.switches"])).to_be_visible()
    assert violations(page) == []
    wanted = {"buying": False, "queueing": True, "read_only": False, "shed": 25}
    assert shop.admin("GET", "/api/admin/switches") == {"switches": wanted}
    shop.admin("PATCH", "/api/admin/switches", {"buying": True, "shed": 0})


@LANGUAGES
def test_the_page_of_a_sale_says_that_it_is_of_earlier(
    visit: Open, shop: Running, locale: str, language: str
) -> None:
    page: Page = visit(shop, locale=locale)
    sale_id = open_sale(shop, units=5)

    def older(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"stale": "2026-11-11T00:00:00.000Z"})

    page.route(f"**/api/sales/{sale_id}", older)
    page.goto(f"/sales/{sale_id}")
    notice = page.locator("[data-stale]")
    expect(notice).to_be_visible()
    expect(notice).to_contain_text(messages(language)["sale.stale"])
    assert violations(page) == []
    page.unroute(f"**/api/sales/{sale_id}")
    expect(notice).to_be_hidden(timeout=15_000)
