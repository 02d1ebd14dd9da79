"""Every page: axe finds nothing, nothing is wider than a small phone, and the keyboard is enough."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from common.buyers import Buyer
from common.seed import ADMIN
from common.shop import Sale
from tests.browser.conftest import Open, Store, sign_in

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="it is in requirements-dev.txt")

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="it is in requirements-dev.txt").expect
LOOKS = [(scheme, locale) for scheme in ("light", "dark") for locale in ("en-GB", "zh-CN")]


class Street:
    """A store with a sale in each state a visitor may meet, and a buyer who has bought something."""

    def __init__(self, store: Store) -> None:
        now = store.context.backends.clock()
        hour = timedelta(hours=1)
        self.store = store
        self.buyer: Buyer = store.buyer()
        self.live: Sale = store.sale(units=10, title="Field camera with a long name, 40 megapixels")
        self.soon: Sale = store.sale(units=5, opens_at=now + 30 * hour, closes_at=now + 40 * hour)
        self.sold_out: Sale = store.sale(units=0)
        self.ended: Sale = store.sale(units=3, opens_at=now - 3 * hour, closes_at=now - 2 * hour)
        self.draft: Sale = store.draft()
        self.closed: Sale = store.context.backoffice.close(store.sale().id)
        self.order: str = store.buy(self.live, self.buyer).json["id"]

    def pages(self, who: Buyer | None) -> Iterator[str]:
        """The addresses of all pages that differ for `who`."""
        yield from ("/", f"/sales/{self.live.id}", "/nothing/here")
        if who is None:
            yield from ("/login", "/lab")
        elif who == ADMIN:
            yield from ("/admin", "/admin/sales/new", "/orders")
            yield from (f"/admin/sales/{sale.id}" for sale in (self.live, self.draft, self.closed))
            yield f"/admin/sales/{self.live.id}/close"
        else:
            yield from (f"/sales/{sale.id}" for sale in (self.soon, self.sold_out, self.ended, self.closed))
            yield from ("/orders", f"/orders/{self.order}", "/admin")

    def people(self) -> list[Buyer | None]:
        return [None, self.buyer, ADMIN]


@pytest.fixture(scope="module")
def street(store: Store) -> Street:
    return Street(store)


def arrive(visit: Open, street: Street, who: Buyer | None, **options: object) -> Page:
    page = visit(street.store, **options)
    if who:
        sign_in(page, who)
    return page


def violations(page: Page) -> list[str]:
    """What axe finds, a line each: the rule and the elements."""
    found = axe.Axe().run(page).response["violations"]
    return [f"{page.url} {each['id']}: {[node['target'] for node in each['nodes']]}" for each in found]


@pytest.mark.parametrize(("scheme", "locale"), LOOKS)
@pytest.mark.parametrize("who", [0, 1, 2], ids=["stranger", "buyer", "admin"])
def test_axe_finds_nothing(visit: Open, street: Street, who: int, scheme: str, locale: str) -> None:
    person = street.people()[who]
    page = arrive(visit, street, person, color_scheme=scheme, locale=locale, reduced_motion="reduce")
    found = []
    for path in street.pages(person):
        page.goto(path)
        found += violations(page)
    page.locator(".stage summary").click()
    expect(page.locator(".promises")).to_be_visible()
    assert found + violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_answers_and_errors(visit: Open, street: Street, scheme: str) -> None:
    page = arrive(visit, street, street.buyer, color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"/sales/{street.live.id}")
    found = []
    for kind in ("placed", "sold_out", "unknown"):
        page.evaluate(
            "kind => document.getElementById('result').replaceChildren("
            "document.querySelector(`template[data-answer=${kind}]`).content.cloneNode(true))",
            kind,
        )
        found += violations(page)
    page = arrive(visit, street, ADMIN, color_scheme=scheme)
    page.goto("/admin/sales/new")
    page.click("text=Create the draft")
    expect(page.locator(".error").first).to_be_visible()
    assert found + violations(page) == []


def test_axe_would_notice(visit: Open, street: Street) -> None:
    page = arrive(visit, street, None)
    page.goto("/login")
    page.evaluate("document.querySelectorAll('label').forEach(label => label.remove())")
    assert any(" label:" in line for line in violations(page))


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
@pytest.mark.parametrize("who", [0, 1, 2], ids=["stranger", "buyer", "admin"])
def test_no_page_is_wider_than_a_small_phone(visit: Open, street: Street, who: int, locale: str) -> None:
    person = street.people()[who]
    page = arrive(visit, street, person, locale=locale, viewport={"width": 360, "height": 740})
    too_wide = []
    for path in street.pages(person):
        page.goto(path)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            too_wide.append(path)
    assert too_wide == []


def test_a_buyer_gets_to_the_button_by_keyboard_and_sees_where(visit: Open, street: Street) -> None:
    page = arrive(visit, street, street.buyer)
    page.goto(f"/sales/{street.live.id}")
    for _ in range(30):
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        if page.evaluate("document.activeElement.id") == "press":
            return
    pytest.fail("Tab never came to the button")


def test_nothing_moves_for_who_asks_for_less_motion(visit: Open, street: Street) -> None:
    moving = "getComputedStyle(document.querySelector('.card')).transitionDuration"
    for motion, duration in (("no-preference", "0.16s, 0.16s"), ("reduce", "0s")):
        page = arrive(visit, street, None, reduced_motion=motion)
        page.goto("/")
        assert page.evaluate(moving) == duration
