"""The class report in a browser: nothing is loaded, and everybody can read it, in light and in dark."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from homework.grader.exports import write_exports
from tests.homework import school

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="it is in requirements-dev.txt")

pytestmark = pytest.mark.browser
PAGES = ("report.html", "viva.html", "leaderboard.html")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("class")
    write_exports(school.results(), to, school.course(), date(2026, 10, 15), {"hw02": school.PAIRS})
    return to


@pytest.fixture(params=[("light", 1200), ("dark", 1200), ("light", 390), ("dark", 390)])
def page(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    scheme, width = request.param
    context = chromium.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_everybody_can_read_it(page: Page, folder: Path, name: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((folder / name).as_uri())
    assert asked == [(folder / name).as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "it scrolls sideways"
    found = axe.Axe().run(page).response["violations"]
    assert not [(each["id"], [node["target"] for node in each["nodes"]][:3]) for each in found]


def test_the_answer_of_one_minute_is_on_the_first_screen(page: Page, folder: Path) -> None:
    page.goto((folder / "report.html").as_uri())
    headline = page.get_by_text("Most get stuck at Two swaps in opposite directions both end: 4 of 14.")
    box = headline.bounding_box()
    assert box
    assert box["y"] + box["height"] < 800


def test_a_name_leads_to_the_students_row(page: Page, folder: Path) -> None:
    page.goto((folder / "report.html").as_uri())
    page.get_by_role("link", name="李雷").first.click()
    assert page.evaluate("document.querySelector(':target').textContent").lstrip().startswith("李雷")
    assert page.locator(":target .failed").count() == 2
