"""The course site in a browser: every page looked at, and the scheduler played as a reader would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from common.site.pages import LANGS
from common.site.words import Lang
from tests.browser.conftest import Open
from tests.browser.test_accessibility import violations
from tests.built_site import BuiltSite

if TYPE_CHECKING:
    from playwright.sync_api import Page, Response

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="it is in requirements-dev.txt").expect

OVERSOLD = "AABBBBAA"
LOOKS = [("light", 1280), ("dark", 1280), ("light", 360)]
Look = Callable[..., "Page"]


@pytest.fixture
def look(visit: Open, built_site: BuiltSite) -> Look:
    """`look("/zh/", color_scheme="dark")`: a page of the site. Nothing it asks for may be missing."""

    def there(response: Response) -> None:
        assert response.status < 400, f"{response.status} for {response.url}"

    def at(path: str, **options: Any) -> Page:
        page = visit(built_site, reduced_motion="reduce", **options)
        page.on("response", there)
        arrive(page, path)
        return page

    return at


def arrive(page: Page, path: str) -> None:
    """Go there; return when all is loaded and every diagram is drawn."""
    page.goto(path, wait_until="load")
    page.wait_for_load_state("networkidle")
    page.wait_for_function("!document.querySelector('pre.mermaid')", timeout=60_000)


def press(page: Page, schedule: str) -> None:
    """By keyboard, from the first buyer's button."""
    page.locator(".scheduler-next").first.focus()
    for actor in schedule:
        page.keyboard.press("1" if actor == "A" else "2")


@pytest.mark.timeout(900)  # dozens of pages, each looked through by axe
@pytest.mark.parametrize(("scheme", "width"), LOOKS)
@pytest.mark.parametrize("lang", LANGS)
def test_axe_finds_nothing_and_no_page_is_too_wide(
    look: Look, built_site: BuiltSite, lang: Lang, scheme: str, width: int, tmp_path: Path
) -> None:
    page = look("/", color_scheme=scheme, viewport={"width": width, "height": 800})
    found = []
    for number, path in enumerate(built_site.paths(lang)):
        arrive(page, path)
        page.screenshot(path=tmp_path / f"{number}.png", full_page=True)  # for who wants to look
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found.append(f"{path} is wider than {width}")
        found += violations(page)
    assert found == []


def test_diagrams_are_drawn(look: Look) -> None:
    page = look("/reference/writing/")
    expect(page.locator("div.mermaid").first).to_be_visible(timeout=30_000)
    assert page.locator("pre.mermaid").count() == 0
    assert page.locator("div.mermaid").first.bounding_box()["height"] > 200


def test_s01_oversells_by_keyboard(look: Look) -> None:
    page = look("/")
    press(page, OVERSOLD)
    expect(page.locator(".scheduler-verdict")).to_contain_text("Oversold!")
    expect(page.locator(".scheduler-verdict")).to_contain_text("2 of 1 units are sold: 1 too many")
    expect(page.locator(".scheduler-sold")).to_have_text("2 of 1 sold")
    expect(page.locator(".scheduler-counter")).to_have_text("You tried 1 of 64 schedules; 1 broke a promise.")
    expect(page.locator(".scheduler-log li")).to_have_count(len(OVERSOLD))
    page.keyboard.press("Backspace")
    expect(page.locator(".scheduler-verdict")).to_be_empty()
    assert violations(page) == []


def test_the_keys_work_without_a_click_when_the_scheduler_is_in_sight(look: Look) -> None:
    page = look("/", viewport={"width": 1280, "height": 900})
    page.locator(".scheduler").scroll_into_view_if_needed()
    page.locator(".scheduler-next").first.evaluate("button => button.scrollIntoView({ block: 'center' })")
    moves = page.locator(".scheduler-log li")
    for number, key in enumerate("122", start=1):
        page.keyboard.press(key)
        expect(moves).to_have_count(number)
    page.keyboard.press("ArrowRight")  # scrolls a page, as everywhere
    page.locator(".md-search__input").focus()
    page.keyboard.press("1")  # is typed, not played
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur(); scrollTo(0, document.body.scrollHeight)")
    page.keyboard.press("1")  # nobody would see what it did
    expect(moves).to_have_count(3)


def test_s01_oversells_by_touch_in_chinese(look: Look) -> None:
    page = look("/zh/", has_touch=True, viewport={"width": 390, "height": 780})
    buttons = page.locator(".scheduler-next")
    for actor in OVERSOLD:
        buttons.nth("AB".index(actor)).tap()
    expect(page.locator(".scheduler-verdict")).to_contain_text("超卖了！")
    expect(page.locator(".scheduler-verdict")).to_contain_text("库存 1 件，卖出 2 件：多卖了 1 件")
    assert violations(page) == []


def test_what_happened_is_announced(look: Look) -> None:
    page = look("/")
    press(page, "A")
    status = page.locator(".scheduler-status[aria-live=polite]")
    expect(status).to_have_text("Step 1, buyer 1: MariaDB answers stock=1 state=published ….")


def test_s02_cannot_be_made_to_oversell(look: Look) -> None:
    page = look("/")
    page.get_by_role("button", name="s02").click()
    for schedule in ("AABBAAABA", "A" * 7 + "B" * 7):
        press(page, schedule)
        page.get_by_role("button", name="Start again").click()
    page.get_by_role("button", name="Try all 672").click()
    expect(page.locator(".scheduler-status")).to_have_text(
        "All 672 schedules were played on real servers: not one breaks a promise."
    )
    page.get_by_role("button", name="s01").click()
    page.get_by_role("button", name="Try all 64").click()
    expect(page.locator(".scheduler-status")).to_contain_text("60 of them break a promise")


def test_who_waits_for_a_lock_cannot_move_and_is_released_by_the_commit(look: Look) -> None:
    page = look("/?shop=s02&schedule=AAAAABBBBB")
    waiting = page.locator(".scheduler-next.of-1")
    expect(waiting).to_contain_text("waits for a lock")
    expect(waiting).to_have_attribute("aria-disabled", "true")
    before = page.locator(".scheduler-log li").count()
    waiting.click(force=True)
    expect(page.locator(".scheduler-log li")).to_have_count(before)
    press(page, "A")
    expect(waiting).to_have_attribute("aria-disabled", "false")
    expect(page.locator(".scheduler-status")).to_contain_text("buyer 2 has its lock now: 0 rows")


def test_a_shared_link_shows_the_same_schedule(look: Look, built_site: BuiltSite) -> None:
    page = look("/")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=built_site.url)
    press(page, OVERSOLD)
    page.get_by_role("button", name="Copy a link").click()
    expect(page.locator(".scheduler-status")).to_contain_text("Copied.")
    link = page.evaluate("navigator.clipboard.readText()")
    assert parse_qs(urlsplit(link).query) == {"shop": ["s01"], "schedule": [OVERSOLD]}
    other = look(f"/?{urlsplit(link).query}")
    expect(other.locator(".scheduler-verdict")).to_contain_text("Oversold!")
    expect(other.locator(".scheduler-real")).to_contain_text(f"./seckill explore s01 --replay {OVERSOLD}")


def test_a_link_that_cannot_be_followed_begins_anew(look: Look) -> None:
    for query in ("shop=s01&schedule=AAAAAAA", "shop=s99&schedule=A", "shop=s01&schedule=<b>"):
        expect(look(f"/?{query}").locator(".scheduler-status")).to_have_text("Choose who goes first.")


def test_the_answer_is_shown_on_request(look: Look) -> None:
    page = look("/")
    page.get_by_role("button", name="Show me how").click()
    expect(page.locator(".scheduler-real")).to_contain_text(OVERSOLD)
    page.get_by_role("button", name="Now try s02").click()
    expect(page.get_by_role("button", name="s02")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Show me how")).to_have_count(0)


def test_without_a_script_the_command_is_there(look: Look) -> None:
    page = look("/", java_script_enabled=False)
    expect(page.locator(".scheduler")).to_contain_text("./seckill explore s01")


def test_the_search_finds_a_chinese_word(look: Look) -> None:
    page = look("/zh/")
    page.locator(".md-search__input").click()
    page.keyboard.insert_text("超卖")
    page.keyboard.press("Shift")  # the theme looks for words when a key is let go
    expect(page.locator(".md-search-result__item").first).to_be_visible(timeout=15000)
    expect(page.locator(".md-search-result__list")).to_contain_text("超卖")


def test_on_paper_the_answers_are_open_and_nothing_is_to_be_clicked(look: Look) -> None:
    page = look("/stages/s01_naive/")
    page.emulate_media(media="print")
    opened = "all => all.map(each => each.offsetHeight - each.querySelector('summary').offsetHeight)"
    heights = page.locator("details:not(.abstract)").evaluate_all(opened)
    assert len(heights) > 5
    assert min(heights) > 15
    assert page.locator("details.abstract:visible, .scheduler button:visible").count() == 0


def test_a_term_has_a_tooltip(look: Look) -> None:
    page = look("/")
    term = page.locator("abbr", has_text="schedule").first
    assert term.get_attribute("title") or term.get_attribute("data-md-state") is not None
