"""Pressing the button, with JavaScript and without: whoever presses is told what came of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from common.shop import Sale
from common.web.i18n import messages
from tests.browser.conftest import Open, Store, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="it is in requirements-dev.txt").expect
BOTH = pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])


def at_sale(visit: Open, store: Store, sale: Sale, *, scripts: bool = True) -> Page:
    """A signed-in buyer before `sale`. The page never refreshes itself: it knows what it knew at first."""
    page = visit(store, java_script_enabled=scripts)
    buyer = store.buyer()
    sign_in(page, buyer)
    page.route(f"**/api/sales/{sale.id}", lambda route: route.abort())
    page.goto(f"/sales/{sale.id}")
    return page


@BOTH
def test_a_press_places_one_order_of_the_wanted_quantity(visit: Open, store: Store, scripts: bool) -> None:
    sale = store.sale(units=10, buyer_limit=3)
    page = visit(store, java_script_enabled=scripts)
    buyer = store.buyer()
    sign_in(page, buyer)
    page.goto(f"/sales/{sale.id}")
    page.fill("#quantity", "3")
    page.click("#press")
    expect(page.locator(".notice.good")).to_contain_text("It is yours")
    assert store.orders_of(buyer) == [3]
    page.goto("/orders")
    expect(page.locator(".row")).to_contain_text("¥30.00")


def sell_out(store: Store, sale: Sale) -> None:
    store.context.backoffice.restock(sale.id, -sale.stock)


def close(store: Store, sale: Sale) -> None:
    store.context.backoffice.close(sale.id)


def postpone(store: Store, sale: Sale) -> None:
    later = sale.opens_at + timedelta(hours=1, minutes=30)
    store.context.backoffice.change(sale.id, {"opens_at": later})


def lower_limit(store: Store, sale: Sale) -> None:
    store.context.backoffice.change(sale.id, {"buyer_limit": 1})


@BOTH
@pytest.mark.parametrize(
    ("happening", "told"),
    [
        (sell_out, "Sold out"),
        (close, "The sale has ended"),
        (postpone, "Not open yet"),
        (lower_limit, "Limit reached"),
    ],
)
def test_what_happened_since_the_page_was_loaded_is_told(
    visit: Open, store: Store, scripts: bool, happening: Callable[[Store, Sale], None], told: str
) -> None:
    sale = store.sale(units=10, buyer_limit=2)
    page = at_sale(visit, store, sale, scripts=scripts)
    page.fill("#quantity", "2")
    happening(store, sale)
    page.click("#press")
    expect(page.locator("#result")).to_contain_text(told)
    expect(page.locator("#result")).to_contain_text("Nothing was ordered")


@BOTH
def test_who_is_not_signed_in_buys_after_signing_in(visit: Open, store: Store, scripts: bool) -> None:
    sale, buyer = store.sale(units=10), store.buyer()
    page = visit(store, java_script_enabled=scripts)
    page.goto(f"/sales/{sale.id}")
    page.click("text=Sign in to buy")
    page.fill("#name", buyer.name)
    page.fill("#password", "demo")
    page.click("main button")
    page.wait_for_url(f"**/sales/{sale.id}")
    page.click("#press")
    expect(page.locator(".notice.good")).to_be_visible()
    assert store.orders_of(buyer) == [1]


def hold(route: Route, held: list[Route]) -> None:
    """Let the request wait until the test lets it go on."""
    held.append(route)


def test_a_second_click_while_the_answer_is_under_way_does_nothing(visit: Open, store: Store) -> None:
    sale = store.sale(units=10)
    page = at_sale(visit, store, sale)
    held: list[Route] = []
    page.route("**/orders", lambda route: hold(route, held))
    page.click("#press")
    expect(page.locator("#result")).to_have_text("Asking the shop…")
    expect(page.locator("#press")).to_be_disabled()
    page.locator("#press").dispatch_event("click")
    page.locator("#buy").dispatch_event("submit")
    held[0].continue_()
    expect(page.locator("#result")).to_contain_text("It is yours")
    expect(page.locator("#press")).to_be_enabled()
    assert len(held) == 1


def test_a_press_whose_answer_was_lost_is_sent_again_with_the_same_key(visit: Open, store: Store) -> None:
    sale = store.sale(units=10)
    page = at_sale(visit, store, sale)
    keys: list[str] = []
    page.on("request", lambda request: keys.extend(filter(None, [request.headers.get("idempotency-key")])))
    page.route("**/orders", lambda route: route.abort())
    page.click("#press")
    expect(page.locator("#result")).to_contain_text("The answer was lost")
    page.unroute("**/orders")
    for _ in range(2):
        page.click("#press")
        expect(page.locator("#result")).to_contain_text("It is yours")
        page.evaluate("document.getElementById('result').replaceChildren()")
    lost, again, another = keys
    assert lost == again != another


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"code": "busy", "taken": False}, "Try again in 7 s."),
        ({"code": "busy"}, messages("en")["answer.unknown.text"]),
    ],
    ids=["nothing was taken", "nobody knows"],
)
def test_who_is_told_to_try_again_sees_when_and_then_sends_the_same_press(
    visit: Open, store: Store, said: dict[str, object], told: str
) -> None:
    sale = store.sale(units=10)
    page = at_sale(visit, store, sale)
    keys: list[str] = []
    page.on("request", lambda request: keys.extend(filter(None, [request.headers.get("idempotency-key")])))
    full = {"status": 503, "headers": {"Retry-After": "7"}, "json": said}
    page.route("**/orders", lambda route: route.fulfill(**full))
    page.click("#press")
    expect(page.locator("#result")).to_contain_text(told)
    page.unroute("**/orders")
    page.click("#press")
    expect(page.locator("#result")).to_contain_text("It is yours")
    first, again = keys
    assert first == again


def test_a_press_after_the_session_ended_leads_to_signing_in(visit: Open, store: Store) -> None:
    sale = store.sale(units=10)
    page = at_sale(visit, store, sale)
    page.context.clear_cookies()
    page.click("#press")
    expect(page.locator("h1")).to_have_text("Sign in")
    assert page.url.endswith(f"/login?next=/sales/{sale.id}")


def test_the_stock_on_the_page_follows_the_shop(visit: Open, store: Store) -> None:
    sale = store.sale(units=10)
    page = visit(store)
    page.clock.install()
    page.goto(f"/sales/{sale.id}")
    expect(page.locator(".stock")).to_contain_text("10 of 10 left")
    store.context.backoffice.restock(sale.id, 5)
    page.clock.run_for(6_000)
    expect(page.locator(".stock")).to_contain_text("15 of 15 left")


def test_the_answer_is_announced_to_a_screen_reader(visit: Open, store: Store) -> None:
    sale = store.sale(units=10)
    page = at_sale(visit, store, sale)
    page.focus("#press")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="It is yours")).to_be_visible()
    expect(page.locator("#press")).to_be_focused()
