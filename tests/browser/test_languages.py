"""English and Chinese: what the browser asks for, then what the visitor chose."""

from __future__ import annotations

import pytest

from common.web.i18n import messages
from tests.browser.conftest import Open, Store, sign_in

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason="it is in requirements-dev.txt").expect


@pytest.mark.parametrize(
    ("locale", "lang"), [("en-GB", "en"), ("zh-CN", "zh-CN"), ("zh-TW", "zh-CN"), ("de", "en")]
)
def test_the_first_page_is_in_the_browsers_language(
    visit: Open, store: Store, locale: str, lang: str
) -> None:
    page = visit(store, locale=locale)
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", lang)


def test_a_choice_is_kept_and_leads_back_to_the_same_page(visit: Open, store: Store) -> None:
    sale = store.sale(units=10)
    page = visit(store)
    sign_in(page, store.buyer())
    page.goto(f"/sales/{sale.id}")
    page.click("text=中文")
    assert page.url == f"{store.url}/sales/{sale.id}"
    expect(page.locator("h1")).to_have_text("茶")
    page.click("text=立即抢购")
    expect(page.locator("#result")).to_contain_text("抢到了")
    page.goto("/orders")
    expect(page.locator("h1")).to_have_text("我的订单")
    page.click("header >> text=English")
    expect(page.locator("h1")).to_have_text("My orders")


def test_times_are_in_the_visitors_zone_or_without_javascript_in_utc(visit: Open, store: Store) -> None:
    sale = store.sale(units=10)
    local = visit(store, locale="zh-CN", timezone_id="Asia/Shanghai")
    plain = visit(store, locale="zh-CN", java_script_enabled=False)
    for page in (local, plain):
        page.goto(f"/sales/{sale.id}")
    expect(plain.locator(".facts time").first).to_have_text(f"{sale.opens_at:%Y-%m-%d %H:%M} UTC")
    hour = (sale.opens_at.hour + 8) % 24
    expect(local.locator(".facts time").first).to_contain_text(f"{hour:02}:{sale.opens_at:%M}")


def test_signing_in_and_out_is_seen_on_the_page(visit: Open, store: Store) -> None:
    page = visit(store, locale="zh-CN")
    buyer, words = store.buyer(), messages("zh")
    page.goto("/orders")
    expect(page.locator("h1")).to_have_text(words["login.title"])
    page.fill("#name", buyer.name)
    page.fill("#password", "wrong")
    page.click("main button")
    expect(page.get_by_role("alert")).to_have_text(words["login.wrong"])
    expect(page.locator("#name")).to_have_value(buyer.name)
    page.fill("#password", "demo")
    page.click("main button")
    expect(page.locator("h1")).to_have_text(words["orders.title"])
    page.click(f"text={words['nav.logout']}")
    expect(page.locator("header")).to_contain_text(words["nav.login"])
