"""The slides in a browser: turned by keyboard, all to be read, and printed one to a sheet."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

Look = Callable[..., "Page"]
SHOWN = ".slide.is-shown"
# Of what is shown: how much there is to read, how much it was shrunk, whether anything is cut off.
STATE = """() => {
    const body = document.querySelector(".slide.is-shown .slide-body");
    return {
        words: body.innerText.trim().length, zoom: Number(body.style.zoom),
        tooTall: body.scrollHeight > body.clientHeight + 2, played: Boolean(body.querySelector(".scheduler")),
    };
}"""
FIRST_WITH = """selector => {
    const slides = [...document.querySelectorAll(".slide")];
    location.hash = slides.findIndex(slide => slide.querySelector(selector)) + 1;
}"""


@pytest.fixture
def look(visit: Open, built_site: BuiltSite) -> Look:
    """`look("/slides/s01_naive.html")`: a deck, ready. Nothing it asks for may be missing."""

    def there(response: Response) -> None:
        assert response.status < 400, f"{response.status} for {response.url}"

    def at(path: str, **options: Any) -> Page:
        page = visit(built_site, reduced_motion="reduce", **options)
        page.on("response", there)
        page.goto(path)
        page.wait_for_selector("html[data-ready]", timeout=60_000)
        return page

    return at


def number(page: Page) -> tuple[int, int]:
    shown, total = re.findall(r"\d+", page.locator(".deck-place").inner_text())
    return int(shown), int(total)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", LANGS)
def test_axe_finds_nothing_on_any_slide(look: Look, built_site: BuiltSite, lang: Lang, scheme: str) -> None:
    """On a phone all slides stand below each other, so axe sees every one."""
    found = []
    for path in built_site.decks(lang):
        page = look(path, color_scheme=scheme, viewport={"width": 390, "height": 780})
        expect(page.locator(".slide").last).to_be_visible()
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found.append(f"{path} is wider than a phone")
        found += violations(page)
        page.close()
    page = look(built_site.decks(lang)[0], color_scheme=scheme)
    assert found + violations(page) == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize("lang", LANGS)
def test_each_slide_fits_its_sheet_and_can_be_read(
    look: Look, built_site: BuiltSite, lang: Lang, tmp_path: Path
) -> None:
    bad = []
    for path in built_site.decks(lang):
        page = look(path, viewport={"width": 1280, "height": 760})
        for slide in range(1, number(page)[1] + 1):
            page.evaluate("number => { location.hash = number }", slide)
            expect(page.locator(".deck-place")).to_have_text(re.compile(f"^{slide} / "))
            page.screenshot(path=tmp_path / f"{Path(path).stem}-{slide}.png")  # for who wants to look
            state = page.evaluate(STATE)
            if (state["tooTall"] and not state["played"]) or state["zoom"] < 0.45 or not state["words"]:
                bad.append((path, slide, state))
        page.close()
    assert bad == []


def test_the_keyboard_turns_the_slides_and_opens_the_answers(look: Look) -> None:
    page = look("/slides/s01_naive.html")
    assert number(page)[0] == 1
    for key, expected in (
        ("ArrowRight", 2),
        ("PageDown", 3),
        ("ArrowLeft", 2),
        ("Home", 1),
        ("ArrowLeft", 1),
    ):
        page.keyboard.press(key)
        assert number(page)[0] == expected, key
    page.keyboard.press("End")
    assert len(set(number(page))) == 1
    page.evaluate(FIRST_WITH, "details")
    answer = page.locator(f"{SHOWN} details")
    expect(answer).not_to_have_attribute("open", "")
    before = number(page)[0]
    page.keyboard.press("Space")
    expect(answer).to_have_attribute("open", "")
    assert number(page)[0] == before
    page.keyboard.press("Space")
    assert number(page)[0] == before + 1


def test_the_notes_are_shown_on_request(look: Look) -> None:
    page = look("/zh/slides/s02_guarded_update.html#3")
    notes = page.locator(f"{SHOWN} .slide-notes")
    while notes.count() == 0:
        page.keyboard.press("ArrowRight")
    expect(notes).to_be_hidden()
    page.keyboard.press("n")
    expect(notes).to_be_visible()
    expect(page.get_by_role("button", name="备注")).to_have_attribute("aria-pressed", "true")
    assert violations(page) == []


def test_it_prints_one_slide_to_a_sheet_with_the_answers_open(look: Look) -> None:
    page = look("/slides/s04_static_edge.html")
    sheets = len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True)))
    assert sheets == number(page)[1]
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator(".slide:visible").count() == sheets
    assert page.locator(".slide details:not([open])").count() == 0


def test_without_a_script_everything_is_there(visit: Open, built_site: BuiltSite) -> None:
    page = visit(built_site, java_script_enabled=False)
    page.goto("/slides/s03_cache.html")
    assert page.locator(".slide").count() == page.locator(".slide:visible").count() > 20
    expect(page.get_by_role("button")).to_have_count(0)


def test_the_scheduler_is_played_on_its_slide(look: Look) -> None:
    page = look("/slides/s01_naive.html")
    page.evaluate(FIRST_WITH, ".scheduler")
    for key in "11222211":
        page.keyboard.press(key)
    expect(page.locator(f"{SHOWN} .scheduler-verdict")).to_contain_text("Oversold!")
