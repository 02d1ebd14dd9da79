"""The shell: a page that is a file, filled in by its script, from a real nginx."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from common.demo.contest import open_sale
from common.running import Running
from common.seed import demo_buyer
from common.web.i18n import messages
from tests.browser.conftest import Open, sign_in
from tests.edge import Run, ask

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.slow]
expect = pytest.importorskip("playwright.sync_api", reason="it is in requirements-dev.txt").expect
STAMP = "async () => Number((await fetch('/api/sales/4')).headers.get('Seckill-Time'))"
KETTLE = {"en": "The kettle everybody wants", "zh": "人人都想要的水壶"}
PARTS = (
    "h1",
    ".price",
    ".prices s",
    ".off",
    ".fine",
    ".badge.live",
    ".stock",
    ".account form",
    ".menu",
    "#buy",
)
ATTRIBUTES = {"#quantity": "max", "#buy": "action", "#sale": "data-url", "#buy[data-login]": "data-login"}


@pytest.fixture(scope="module")
def shop(run: Run) -> Running:
    return run("s04")


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Page], None]:
    """Keeps a picture of the page if SECKILL_PICTURES names a folder: for people to look at."""

    def take(page: Page) -> None:
        if folder := os.environ.get("SECKILL_PICTURES"):
            page.screenshot(path=Path(folder) / f"{request.node.name}.png", full_page=True)

    return take


@pytest.fixture
def mortal_shop(shop: Running) -> Iterator[Running]:
    """A shop whose app a test may kill; it lives again for the next."""
    yield shop
    if not shop.web.alive:
        shop.web.start()


def test_the_shell_becomes_the_page_that_the_app_would_have_made(
    visit: Open, shop: Running, picture: Callable[[Page], None]
) -> None:
    sale = open_sale(shop, units=7)
    shell, plain = visit(shop), visit(shop)
    for page in (shell, plain):
        sign_in(page, demo_buyer(1))
    shell.goto(f"/sales/{sale}")
    plain.goto(f"/sales/{sale}?plain=1")
    expect(shell.locator("#press")).to_be_enabled()
    picture(shell)
    for part in PARTS:
        expect(shell.locator(part).first).to_have_text(plain.locator(part).first.text_content())
    assert shell.title() == plain.title()
    for part, name in ATTRIBUTES.items():
        value = plain.locator(part).get_attribute(name)
        expect(shell.locator(part)).to_have_attribute(name, str(value))


def test_a_buyer_buys_on_the_shell(visit: Open, shop: Running) -> None:
    page = visit(shop, locale="zh-CN")
    words = messages("zh")
    sign_in(page, demo_buyer(2))
    page.goto(f"/sales/{open_sale(shop, units=1)}")
    expect(page.locator("h1")).to_have_text("人人都想要的水壶")
    page.click("#press")
    expect(page.locator("#result")).to_contain_text(words["answer.placed.title"])
    # The number shown may be two seconds old, and the page asks every five.
    expect(page.locator("#sale")).to_have_attribute("data-phase", "sold_out", timeout=15_000)


def test_a_look_that_is_not_answered_is_taken_again(visit: Open, shop: Running) -> None:
    """The page is there, and then the network is not, for a moment."""
    sale, cut = open_sale(shop, units=1), []
    page = visit(shop)
    page.route(
        f"**/api/sales/{sale}", lambda route: route.continue_() if cut else cut.append(route) or route.abort()
    )
    page.goto(f"/sales/{sale}")
    expect(page.locator("h1")).to_have_text(KETTLE["en"])
    assert cut


def test_a_stranger_is_sent_to_sign_in_and_comes_back(visit: Open, shop: Running) -> None:
    sale = open_sale(shop, units=5)
    page = visit(shop)
    page.goto(f"/sales/{sale}")
    expect(page.locator("#buy")).to_have_count(0)
    expect(page.locator(".menu")).to_have_text("Sales", use_inner_text=True)
    page.click("article >> text=Sign in to buy")
    page.fill("#name", "buyer00003")
    page.fill("#password", "demo")
    page.click("main button")
    page.wait_for_url(f"**/sales/{sale}")
    expect(page.locator("#press")).to_be_enabled()
    expect(page.locator(".who")).to_have_text("buyer00003")


@pytest.mark.parametrize("hours", [-7, 5], ids="device's clock off by {} h".format)
def test_the_countdown_follows_the_edges_clock(visit: Open, shop: Running, hours: int) -> None:
    """The page's file says 1970 and the device is wrong by hours: the header decides."""
    page = visit(shop)
    sign_in(page, demo_buyer(1))
    page.clock.install(time=time.time() + 3600 * hours)
    page.goto(f"/sales/{open_sale(shop, units=5)}")
    expect(page.locator("#press")).to_be_enabled()
    expect(page.locator('[data-when="live"] [data-part="minutes"]')).to_contain_text("59")


def test_the_shell_stays_right_when_the_browser_kept_the_answer(visit: Open, shop: Running) -> None:
    """The second look is a 304 with a new time: the browser's own copy of the old time is not used."""
    page = visit(shop)
    stamps: list[int] = []
    for _ in range(2):
        page.goto("/sales/4")
        expect(page.locator("h1")).not_to_have_text("")
        stamps.append(page.evaluate(STAMP))
    assert 0 < stamps[0] < stamps[1] <= time.time() * 1000 + 5


@pytest.mark.parametrize(("locale", "language"), [("en-GB", "en"), ("zh-CN", "zh")])
def test_with_the_app_dead_the_page_stands_and_says_that_buying_is_paused(
    visit: Open, mortal_shop: Running, picture: Callable[[Page], None], locale: str, language: str
) -> None:
    shop, words = mortal_shop, messages(language)
    sale = open_sale(shop, units=7)
    page = visit(shop, locale=locale)
    sign_in(page, demo_buyer(1))
    page.goto(f"/sales/{sale}")
    expect(page.locator("#press")).to_be_enabled()
    shop.web.kill()
    give_up = time.monotonic() + 10
    while ask(f"{shop.url}/api/sales/{sale}").headers["Seckill-App"] != "down":
        assert time.monotonic() < give_up
    page.reload()
    expect(page.locator("#paused")).to_contain_text(words["edge.paused"])
    expect(page.locator("#buy")).to_be_hidden()
    expect(page.locator("h1")).to_have_text(KETTLE[language])
    expect(page.locator(".stock")).to_contain_text("7")
    assert page.evaluate("document.querySelector('img.photo').naturalWidth") > 0
    picture(page)
    shop.web.start()
    expect(page.locator("#paused")).to_be_hidden(timeout=20_000)
    expect(page.locator("#press")).to_be_enabled()
    page.click("#press")
    expect(page.locator("#result")).to_contain_text(words["answer.placed.title"])


def test_an_open_page_learns_that_the_app_died(visit: Open, mortal_shop: Running) -> None:
    page = visit(mortal_shop)
    sign_in(page, demo_buyer(1))
    sale = open_sale(mortal_shop, units=7)
    page.goto(f"/sales/{sale}")
    expect(page.locator("#press")).to_be_enabled()
    looks = hold_looks(page, sale)  # or a look finds out before the press, and there is no button any more
    mortal_shop.web.kill()
    page.click("#press")
    expect(page.locator("#result")).to_contain_text(messages("en")["answer.unknown.title"])
    for look in looks:
        look.continue_()
    page.unroute_all()
    expect(page.locator("#paused")).to_be_visible(timeout=20_000)
    expect(page.locator("#buy")).to_be_hidden()


def hold_looks(page: Page, sale: int) -> list[Route]:
    """From now on the page waits for every answer about the sale's state. Returns when it waits for one."""
    looks: list[Route] = []
    with page.expect_request(f"**/api/sales/{sale}"):
        page.route(f"**/api/sales/{sale}", lambda route: looks.append(route))  # noqa: PLW0108 - wants a function
    while not looks:
        page.wait_for_timeout(10)  # lets the browser's driver hand over what has come
    return looks


def test_buying_works_without_javascript(visit: Open, shop: Running) -> None:
    page = visit(shop, java_script_enabled=False)
    sign_in(page, demo_buyer(3))
    page.goto(f"/sales/{open_sale(shop, units=2)}")
    page.wait_for_url("**?plain=1")
    page.click("#press")
    page.wait_for_url("**/orders/*")
    expect(page.locator(".notice.good")).to_contain_text("It is yours")


def test_without_javascript_and_without_app_the_page_says_paused(
    visit: Open, mortal_shop: Running, picture: Callable[[Page], None]
) -> None:
    page = visit(mortal_shop, java_script_enabled=False, locale="zh-CN")
    mortal_shop.web.kill()
    page.goto("/sales/1")
    expect(page.locator("h1")).to_have_text(messages("zh")["edge.paused"])
    picture(page)


def test_a_sale_that_does_not_exist_is_said_to_be_missing(visit: Open, shop: Running) -> None:
    page = visit(shop)
    page.goto("/sales/123456789")
    expect(page.locator("#missing")).to_be_visible()
    expect(page.locator("#loading")).to_be_hidden()
