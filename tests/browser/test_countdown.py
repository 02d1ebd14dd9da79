"""The button opens and closes by the shop's clock, whatever the device believes the time to be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Open, Store, sign_in
from tests.world import HandClock

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="it is in requirements-dev.txt").expect
WRONG_BY = pytest.mark.parametrize("hours", [-7, 0, 5], ids="device's clock off by {} h".format)


def pass_time(page: Page, clock: HandClock, seconds: int) -> None:
    """The same time passes on the device and at the shop."""
    page.clock.run_for(seconds * 1000)
    clock.forward(seconds)


Begin = Callable[..., "Page"]


@pytest.fixture
def begin(visit: Open, timeless_store: Store, hand_clock: HandClock) -> Begin:
    """`begin(hours, opens_at=…)`: a sale, and on its page a buyer whose device is `hours` wrong."""

    def make(hours: int, **fields: object) -> Page:
        sale = timeless_store.sale(units=5, **fields)
        page = at(visit, timeless_store, hand_clock, hours)
        page.goto(f"/sales/{sale.id}")
        return page

    return make


def at(visit: Open, store: Store, clock: HandClock, hours: int) -> Page:
    """A signed-in buyer whose device is `hours` wrong, and whose time passes only when the test lets it."""
    page = visit(store)
    sign_in(page, store.buyer())
    page.clock.install(time=clock.now + timedelta(hours=hours))
    page.clock.pause_at(clock.now + timedelta(hours=hours, seconds=1))
    return page


@WRONG_BY
def test_the_button_opens_at_the_shops_second(begin: Begin, hand_clock: HandClock, hours: int) -> None:
    page = begin(hours, opens_at=hand_clock.now + timedelta(minutes=2))
    expect(page.locator("#press")).to_be_disabled()
    expect(page.locator("#press")).to_have_text("Not open yet", use_inner_text=True)
    expect(page.locator('[data-when="soon"] [data-part="minutes"]')).to_contain_text("02")
    pass_time(page, hand_clock, 119)
    expect(page.locator('[data-when="soon"] [data-part="seconds"]')).to_contain_text("01")
    expect(page.locator("#press")).to_be_disabled()
    pass_time(page, hand_clock, 1)
    expect(page.locator("#press")).to_be_enabled()
    expect(page.locator("#result")).to_have_text("The sale is open.")
    page.click("#press")
    expect(page.locator("#result")).to_contain_text("It is yours")


@WRONG_BY
def test_the_button_closes_at_the_shops_second(begin: Begin, hand_clock: HandClock, hours: int) -> None:
    page = begin(hours, closes_at=hand_clock.now + timedelta(seconds=30))
    expect(page.locator("#press")).to_be_enabled()
    pass_time(page, hand_clock, 29)
    expect(page.locator("#press")).to_be_enabled()
    pass_time(page, hand_clock, 1)
    expect(page.locator("#press")).to_be_disabled()
    expect(page.locator("#press")).to_have_text("The sale has ended", use_inner_text=True)


def test_a_page_kept_by_a_cache_learns_the_time_from_the_api(
    visit: Open, timeless_store: Store, hand_clock: HandClock
) -> None:
    """The page was made a minute ago; the sale opened half a minute ago."""
    store = timeless_store
    sale = store.sale(units=5, opens_at=hand_clock.now + timedelta(seconds=30))
    page = at(visit, store, hand_clock, hours=0)
    kept = page.request.get(f"/sales/{sale.id}").text()
    address = f"{store.url}/sales/{sale.id}"
    page.route(address, lambda route: route.fulfill(body=kept, content_type="text/html"))
    hand_clock.forward(60)
    page.goto(address)
    expect(page.locator("#press")).to_be_enabled()


def test_the_list_opens_a_sale_in_time(visit: Open, timeless_store: Store, hand_clock: HandClock) -> None:
    store = timeless_store
    store.sale(units=5)
    store.sale(units=5, opens_at=hand_clock.now + timedelta(seconds=10))
    page = at(visit, store, hand_clock, hours=3)
    page.goto("/")
    badge = page.locator(".card .badge:visible")
    expect(badge).to_have_text("Soon")
    pass_time(page, hand_clock, 10)
    expect(badge).to_have_text("On sale")
