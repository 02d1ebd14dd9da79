"""The back office in a browser: a sale from its draft to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from common.seed import ADMIN
from tests.browser.conftest import Open, Store, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="it is in requirements-dev.txt").expect


def at_back_office(visit: Open, store: Store, **options: object) -> Page:
    page = visit(store, **options)
    sign_in(page, ADMIN)
    page.click("text=Back office")
    return page


def fill_new_sale(page: Page) -> None:
    page.click("text=New sale")
    page.fill("#title", "Red lamp")
    page.fill("#title_zh", "红色台灯")
    page.check('input[value="lamp"]')
    page.fill("#price_cents", "99.50")
    page.fill("#list_price_cents", "199")
    page.fill("#units", "20")
    page.fill("#buyer_limit", "2")
    page.fill("#opens_at", "2026-01-01T08:00:00")
    page.fill("#closes_at", "2099-01-01T08:00:00")


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_sale_from_draft_to_closed(visit: Open, store: Store, scripts: bool) -> None:
    page = at_back_office(visit, store, java_script_enabled=scripts)
    fill_new_sale(page)
    page.click("text=Create the draft")
    expect(page.locator(".notice.good")).to_have_text("The draft is created.")
    page.click("button:text('Publish')")
    expect(page.locator(".notice.good")).to_have_text("The sale is published.")

    page.fill("#price_cents", "1,088")
    page.fill("#list_price_cents", "¥2000")
    page.click("text=Save the changes")
    expect(page.locator(".notice.good")).to_have_text("The changes are saved.")
    page.fill("#units", "-5")
    page.click("button:text('Restock')")
    expect(page.locator(".notice.good")).to_have_text("The stock is changed.")

    page.click("text=See it in the shop")
    expect(page.locator(".offer .price")).to_have_text("¥1,088.00")
    expect(page.locator(".stock")).to_contain_text("15 of 15 left")
    page.go_back()

    page.click("text=Close the sale…")
    expect(page.locator("h1")).to_have_text("Close “Red lamp”?")
    page.click("text=Keep it open")
    expect(page.locator("h1 .badge")).to_have_text("Published")
    page.click("text=Close the sale…")
    page.click("text=Close it for good")
    expect(page.locator("h1 .badge")).to_have_text("Closed")
    expect(page.locator("main form")).to_have_count(0)


def test_what_is_wrong_stands_beside_its_field_and_the_input_is_kept(visit: Open, store: Store) -> None:
    page = at_back_office(visit, store)
    fill_new_sale(page)
    page.fill("#price_cents", "cheap")
    page.fill("#buyer_limit", "0")
    page.fill("#closes_at", "2025-12-31T08:00:00")
    page.click("text=Create the draft")
    expect(page.get_by_role("alert")).to_be_visible()
    price = page.get_by_label("Sale price")
    expect(price).to_have_value("cheap")
    expect(price).to_have_accessible_description("This is not a number that fits here.")
    expect(page.get_by_label("Limit for each buyer")).to_have_accessible_description("At least 1.")
    expect(page.get_by_label("Title (Chinese)")).to_have_value("红色台灯")
    expect(page.locator('input[value="lamp"]')).to_be_checked()

    page.fill("#price_cents", "99.50")
    page.fill("#buyer_limit", "1")
    page.click("text=Create the draft")
    expect(page.get_by_label("Ends (UTC)")).to_have_accessible_description("Must be after the beginning.")

    page.fill("#closes_at", "2026-12-31T08:00:00")
    page.click("text=Create the draft")
    expect(page.locator(".notice.good")).to_have_text("The draft is created.")


def test_what_somebody_else_did_meanwhile_is_told(visit: Open, store: Store) -> None:
    sale = store.sale(units=10)
    page = at_back_office(visit, store)
    page.goto(f"/admin/sales/{sale.id}")
    page.fill("#units", "-8")
    store.context.backoffice.restock(sale.id, -5)
    page.click("button:text('Restock')")
    expect(page.locator("#units-error")).to_contain_text("More than is left to take back")
    store.context.backoffice.close(sale.id)
    page.click("text=Save the changes")
    expect(page.locator("main")).to_contain_text("Somebody else has changed the state of this sale")
