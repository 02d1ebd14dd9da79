"""The door of s09 in a real browser: work with JavaScript, a question without, in both languages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from common.demo.contest import open_sale
from common.running import Running
from common.seed import ADMIN, demo_buyer
from common.web.i18n import messages
from common.work import enter_at, zero_bits
from stages.s09_permits.challenge import NUMBERS, THINKING
from stages.s09_permits.keeper import USUAL
from tests.browser.conftest import Open, sign_in
from tests.browser.test_accessibility import violations
from tests.edge import Run

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
playwright = pytest.importorskip("playwright.sync_api", reason="it is in requirements-dev.txt")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="it is in requirements-dev.txt")
expect = playwright.expect
LANGUAGES = pytest.mark.parametrize(("locale", "language"), [("en-GB", "en"), ("zh-CN", "zh")])
SOLVE = "([token, bits]) => import('{scripts}/door.js').then((door) => door.solve(token, bits, () => 0))"


@pytest.fixture(scope="module")
def shop(run: Run) -> Running:
    return run("s09")


def at_sale(visit: Open, shop: Running, *, units: int = 5, buyer: int = 1, **options: object) -> Page:
    """A signed-in buyer before a new sale, whose door is as it is out of the box."""
    page = visit(shop, reduced_motion="reduce", **options)
    sign_in(page, demo_buyer(buyer))
    sale = open_sale(shop, units=units)
    shop.admin("PATCH", "/api/admin/door", dict(USUAL))
    page.goto(f"/sales/{sale}")
    expect(page.locator("#press")).to_be_enabled()
    if options.get("java_script_enabled", True):
        page.evaluate(f"import('{scripts_of(page)}/sale.js').then(() => 0)")  # it has the button in hand
    return page


def scripts_of(page: Page) -> str:
    """Where the page has its scripts from."""
    return str(page.evaluate("document.querySelector('script[type=module]').src")).rpartition("/")[0]


@LANGUAGES
def test_with_javascript_the_browser_does_the_work_and_buys(
    visit: Open, shop: Running, locale: str, language: str
) -> None:
    page = at_sale(visit, shop, locale=locale)
    asked: list[str] = []
    page.on("response", lambda answer: asked.append(f"{answer.status} {answer.url.rpartition('/')[2]}"))
    page.click("#press")
    page.wait_for_url("**/tickets/*")
    presses = [line for line in asked if line.endswith((" entry", " orders"))]
    assert presses == ["403 entry", "200 entry", "202 orders"]
    expect(page.locator("#result")).to_contain_text(messages(language)["answer.placed.title"], timeout=20_000)


def test_hard_work_is_shown_and_can_be_watched_by_everybody(visit: Open, shop: Running) -> None:
    page = at_sale(visit, shop)
    shop.admin("PATCH", "/api/admin/door", {"bits": 20})
    page.route("**/orders", lambda route: route.abort())
    page.click("#press")
    progress = page.locator("#result progress")
    expect(progress).to_be_visible(timeout=20_000)
    expect(page.locator("#result")).to_contain_text(messages("en")["sale.working"])
    assert violations(page) == []
    expect(progress).not_to_have_attribute("value", "0", timeout=20_000)


@LANGUAGES
def test_who_has_to_wait_is_told_so_and_buys_when_a_place_is_free(
    visit: Open, shop: Running, locale: str, language: str
) -> None:
    page = at_sale(visit, shop, units=1, locale=locale, buyer=3)
    shop.admin("PATCH", "/api/admin/door", {"per_unit": 1, "seconds": 20})
    sale = page.url.rpartition("/")[2]
    status, told = enter_at(f"{shop.url}/api/sales/{sale}/entry", shop.buyer_token(1))
    assert (status, set(told)) == (200, {"permit", "expires_at"})  # and does nothing with it
    page.click("#press")
    expect(page.locator("#result")).to_contain_text(messages(language)["answer.no_place.text"])
    assert violations(page) == []
    page.wait_for_url("**/tickets/*", timeout=60_000)


def test_the_hash_of_the_page_is_sha_256(visit: Open, shop: Running) -> None:
    """For challenges of every length around the ends of blocks."""
    page = at_sale(visit, shop)
    scripts = scripts_of(page)
    for length in (*range(1, 70), 118, 119, 120, 128, 200, 400):
        token = ("challenge." * 40)[:length]
        work = page.evaluate(SOLVE.replace("{scripts}", scripts), [token, 7])
        assert zero_bits(token, work) >= 7, length


@LANGUAGES
def test_without_javascript_a_question_is_read_answered_and_that_is_all(
    visit: Open, shop: Running, locale: str, language: str
) -> None:
    words = messages(language)
    page = at_sale(visit, shop, java_script_enabled=False, locale=locale, buyer=2)
    page.click("#press")
    expect(page.locator("#result")).to_contain_text(words["answer.challenge.title"])
    assert violations_without_scripts(visit, page, locale) == []
    question = page.locator("label[for=answer]").inner_text()
    known = NUMBERS[language]
    found = [known.index(word) for word in re.findall("[a-z]+|[一-龥]", question) if word in known]
    page.wait_for_timeout(THINKING)  # a person reads; sooner it does not count
    page.fill("#answer", str(sum(found)))
    page.click("#press")
    page.wait_for_url("**/tickets/*")
    expect(page.locator("#result")).to_contain_text(words["answer.placed.title"], timeout=20_000)


def violations_without_scripts(visit: Open, page: Page, locale: str) -> list[str]:
    """What axe finds in the same page: it is a script itself, so it looks at a copy."""
    browser = page.context.browser
    assert browser
    context = browser.new_context(locale=locale, bypass_csp=True)
    try:
        copy = context.new_page()
        copy.goto(page.url.partition("/sales/")[0] + "/login")
        copy.set_content(page.content())
        return violations(copy)
    finally:
        context.close()


def test_the_trap_is_out_of_everybodys_way(visit: Open, shop: Running) -> None:
    """No key leads into it, no reader reads it, no eye sees it."""
    page = at_sale(visit, shop)
    trap = page.locator("input[name=website]")
    assert page.locator("[aria-hidden=true] input[name=website]").count() == 1
    for _ in range(40):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.name") != "website"
    box = trap.bounding_box()
    assert box is None or box["x"] < 0


@LANGUAGES
def test_the_back_office_page_of_the_door(visit: Open, shop: Running, locale: str, language: str) -> None:
    page = visit(shop, locale=locale, viewport={"width": 360, "height": 740})
    sign_in(page, ADMIN)
    shop.admin("POST", "/api/admin/bans", {"kind": "address", "who": "203.0.113.9", "seconds": 600})
    page.goto("/admin/door")
    expect(page.locator("h1")).to_have_text(messages(language)["door.title"])
    assert violations(page) == []
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    page.click("td button")
    expect(page.locator("body")).to_contain_text(messages(language)["door.nobody"])
