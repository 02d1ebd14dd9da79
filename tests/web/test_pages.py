"""The pages as any browser gets them: who sees what, and that nobody is left without an answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from common.buyers import Buyer
from common.lab.sockets import free_port
from common.seed import ADMIN, add_buyers, demo_buyer
from common.settings import Settings
from common.shop import Attempt, Busy, Outcome, Refused, Sale, Ticket, Unclear
from common.web.i18n import messages
from tests.conftest import Fresh, MakeApp
from tests.web.conftest import Site

WORDS = messages("en")
BUYERS = 100
NO_ORDER = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def site(shared_site: Site) -> Site:
    """s01. Every buyer that `site.buyer()` names has an account, and no orders yet."""
    with shared_site.context.backends.sql() as db:
        add_buyers(db, BUYERS, datetime.now(UTC))
    return shared_site


@pytest.fixture
def browser(site: Site) -> FlaskClient:
    """A browser that keeps its cookies."""
    return site.app.test_client()


@pytest.fixture
def buyer(site: Site) -> Buyer:
    return site.buyer()


def token(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found, "the page has a form"
    return found[1]


def sign_in(browser: FlaskClient, buyer: Buyer, after: str = "/") -> TestResponse:
    password = "admin" if buyer == ADMIN else "demo"
    csrf = token(browser.get("/login"))
    form = {"name": buyer.name, "password": password, "csrf_token": csrf, "next": after}
    return browser.post("/login", data=form)


def press(browser: FlaskClient, sale: Sale, quantity: object = 1, **fields: str) -> TestResponse:
    form = {"quantity": quantity, "csrf_token": token(browser.get(f"/sales/{sale.id}")), **fields}
    return browser.post(f"/sales/{sale.id}", data=form)


def test_a_press_of_the_form_leads_to_the_order(site: Site, browser: FlaskClient, buyer: Buyer) -> None:
    sale = site.sale()
    sign_in(browser, buyer)
    answer = press(browser, sale, 2)
    assert answer.status_code == 303
    receipt = browser.get(answer.location)
    assert WORDS["order.thanks"] in receipt.text
    assert "¥20.00" in receipt.text
    assert WORDS["order.thanks"] not in browser.get(answer.location).text, "thanks are given once"


def test_price_and_buyer_in_the_form_are_not_looked_at(
    site: Site, browser: FlaskClient, buyer: Buyer
) -> None:
    sale = site.sale()
    sign_in(browser, buyer)
    press(browser, sale, price_cents="1", buyer_id="1")
    [order] = site.context.orders.of(buyer.id)
    assert order.price_cents == sale.price_cents


@pytest.mark.parametrize(
    ("fields", "kind", "status"),
    [
        ({"units": 0}, "sold_out", 409),
        ({"buyer_limit": 1}, "limit_reached", 409),
        ({"opens_at": timedelta(minutes=1)}, "not_open", 403),
        ({"closes_at": timedelta(minutes=-1)}, "ended", 410),
    ],
)
def test_each_refusal_is_told_on_the_page_of_the_sale(
    site: Site, browser: FlaskClient, buyer: Buyer, fields: dict[str, object], kind: str, status: int
) -> None:
    now = site.context.backends.clock()
    sale = site.sale(**{key: now + v if isinstance(v, timedelta) else v for key, v in fields.items()})  # type: ignore[arg-type]
    sign_in(browser, buyer)
    answer = press(browser, sale, 2)
    assert answer.status_code == status
    assert WORDS[f"answer.{kind}.text"] in said(answer)
    assert 'value="2"' in answer.text, "the quantity is kept"
    assert site.context.orders.of(buyer.id) == []


def said(answer: TestResponse) -> str:
    """What stands in the place for answers."""
    return unescape(answer.text.split('id="result"')[1].split("<noscript>")[0])


@pytest.mark.parametrize("quantity", ["", "0", "-1", "1.5", "NaN", "two", "9" * 30, "101", "٣"])
def test_a_quantity_that_makes_no_sense_is_told(
    site: Site, browser: FlaskClient, buyer: Buyer, quantity: str
) -> None:
    sign_in(browser, buyer)
    answer = press(browser, site.sale(), quantity)
    assert answer.status_code == 422
    assert WORDS["answer.invalid.text"] in said(answer)


def refusing(refused: Refused) -> Callable[..., Callable[[Attempt], Outcome]]:
    def buy(attempt: Attempt) -> Outcome:
        raise refused

    return lambda *_: buy


def broken(*_: object) -> Callable[[Attempt], Outcome]:
    def buy(attempt: Attempt) -> Outcome:
        raise RuntimeError("not foreseen")

    return buy


def promising(*_: object) -> Callable[[Attempt], Outcome]:
    return lambda attempt: Ticket("t-1", attempt.sale_id, attempt.buyer_id, "queued")


def press_where(
    checkout: Callable[..., object], fresh: Fresh, make_app: MakeApp
) -> tuple[FlaskClient, TestResponse]:
    """A signed-in buyer presses in a shop that buys by `checkout`: the browser, and what it got."""
    fresh("s02")
    site = Site(make_app("s02", checkout=checkout))
    site.sign_up()
    browser = site.app.test_client()
    sign_in(browser, demo_buyer(1))
    return browser, press(browser, site.sale())


def test_a_promise_to_answer_later_is_not_called_an_order(fresh: Fresh, make_app: MakeApp) -> None:
    browser, answer = press_where(promising, fresh, make_app)
    assert (answer.status_code, answer.location) == (303, "/tickets/t-1")
    assert WORDS["order.thanks"] not in browser.get("/orders").text


@pytest.mark.parametrize(
    ("refused", "told"), [(Busy(retry_after=7), "busy"), (Unclear(retry_after=7), "unknown")]
)
def test_a_busy_shop_says_when_to_come_back_and_whether_something_may_have_been_ordered(
    fresh: Fresh, make_app: MakeApp, refused: Refused, told: str
) -> None:
    _, answer = press_where(refusing(refused), fresh, make_app)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert WORDS[f"answer.{told}.title"] in said(answer)


def test_what_nobody_foresaw_is_not_called_a_refusal(fresh: Fresh, make_app: MakeApp) -> None:
    _, answer = press_where(broken, fresh, make_app)
    assert answer.status_code == 500
    assert WORDS["problem.unknown.text"] in answer.text
    assert "Traceback" not in answer.text
    assert "not foreseen" not in answer.text


def test_a_press_without_the_csrf_token_changes_nothing(
    site: Site, browser: FlaskClient, buyer: Buyer
) -> None:
    sale = site.sale()
    sign_in(browser, buyer)
    answer = browser.post(f"/sales/{sale.id}", data={"quantity": "1"})
    assert answer.status_code == 403
    assert WORDS["problem.csrf.title"] in answer.text
    assert site.context.orders.of(buyer.id) == []


@pytest.mark.parametrize("path", ["/orders", "/admin", "/admin/sales/new", f"/orders/{NO_ORDER}"])
def test_a_stranger_is_led_to_signing_in_and_back(browser: FlaskClient, path: str) -> None:
    answer = browser.get(path)
    assert (answer.status_code, answer.location) == (303, f"/login?next={path}")
    assert sign_in(browser, ADMIN, after=path).location == path


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "evil",
        "",
        "/ü",
    ],
)
def test_signing_in_never_leads_to_another_site(browser: FlaskClient, buyer: Buyer, elsewhere: str) -> None:
    assert sign_in(browser, buyer, after=elsewhere).location == "/"
    assert browser.get("/language/zh", query_string={"next": elsewhere}).location == "/"


def test_signing_in_makes_a_new_session_and_signing_out_ends_it(browser: FlaskClient, buyer: Buyer) -> None:
    browser.get("/login")
    before = browser.get_cookie("s01_session")
    sign_in(browser, buyer)
    after = browser.get_cookie("s01_session")
    assert before and after and before.value != after.value
    browser.post("/logout", data={"csrf_token": token(browser.get("/"))})
    assert browser.get("/orders").status_code == 303


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"name": "buyer00001"},
        {"name": "x" * 99, "password": "demo"},
        {"name": "a\0b", "password": "demo"},
    ],
)
def test_a_sign_in_that_cannot_be_right_is_refused(browser: FlaskClient, form: dict[str, str]) -> None:
    answer = browser.post("/login", data={**form, "csrf_token": token(browser.get("/login"))})
    assert answer.status_code == 422
    assert WORDS["login.wrong"] in answer.text


def test_a_sign_in_form_from_another_site_is_refused(browser: FlaskClient) -> None:
    answer = browser.post("/login", data={"name": "buyer00001", "password": "demo"})
    assert answer.status_code == 403
    assert browser.get("/orders").status_code == 303


def test_a_draft_is_nowhere_to_be_seen(site: Site, browser: FlaskClient, buyer: Buyer) -> None:
    draft = site.draft(title="Secret tea")
    sign_in(browser, buyer)
    assert browser.get(f"/sales/{draft.id}").status_code == 404
    assert "Secret tea" not in browser.get("/").text


def test_the_order_of_another_buyer_does_not_exist(site: Site, browser: FlaskClient, buyer: Buyer) -> None:
    order = site.buy(site.sale(), site.buyer()).json
    sign_in(browser, buyer)
    assert browser.get(f"/orders/{order['id']}").status_code == 404


ADMIN_POSTS = ("sales/new", "sales/1", "sales/1/publish", "sales/1/close", "sales/1/restock")


@pytest.mark.parametrize("path", ADMIN_POSTS)
def test_a_buyer_changes_nothing_in_the_back_office(
    site: Site, browser: FlaskClient, buyer: Buyer, path: str
) -> None:
    site.draft()
    sign_in(browser, buyer)
    csrf = token(browser.get("/"))
    before = site.contents()
    answer = browser.post(f"/admin/{path}", data={"csrf_token": csrf})
    assert answer.status_code == 403
    assert WORDS["problem.forbidden.title"] in answer.text
    assert site.contents() == before


@pytest.mark.parametrize("path", ADMIN_POSTS)
def test_a_forged_form_changes_nothing_in_the_back_office(
    site: Site, browser: FlaskClient, path: str
) -> None:
    site.draft()
    sign_in(browser, ADMIN)
    before = site.contents()
    assert browser.post(f"/admin/{path}").status_code == 403
    assert site.contents() == before


def test_a_change_of_one_field_leaves_the_others_as_they_are(site: Site, browser: FlaskClient) -> None:
    sale = site.sale()
    sign_in(browser, ADMIN)
    page = browser.get(f"/admin/sales/{sale.id}")
    fields = dict(re.findall(r'name="(\w+)" type="[\w-]+" value="([^"]*)"', page.text))
    form = {**fields, "image": sale.image, "price_cents": "5.00", "csrf_token": token(page)}
    assert browser.post(f"/admin/sales/{sale.id}", data=form).status_code == 303
    assert site.context.backoffice.get(sale.id) == replace(sale, price_cents=500, version=sale.version + 1)


def test_what_is_typed_is_shown_as_text(site: Site, browser: FlaskClient) -> None:
    site.sale(title="<script>alert(1)</script> {{ 7 * 7 }} {left}")
    page = browser.get("/").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7 * 7 }} {left}" in page
    assert "<script>alert" not in page


def test_every_page_is_made_for_one_visitor_and_may_run_no_foreign_script(browser: FlaskClient) -> None:
    answer = browser.get("/", headers={"Accept-Language": "zh"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Language"] == "zh"
    assert {"Accept-Language", "Cookie"} <= set(answer.vary.as_set(preserve_casing=True))
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("path", "status"), [("/lab", 404), ("/nowhere", 404), ("/sales/0", 404), ("/language/tlh", 404)]
)
def test_a_problem_is_shown_as_a_page(browser: FlaskClient, path: str, status: int) -> None:
    answer = browser.get(path)
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert WORDS["problem.home"] in answer.text


def test_a_visitor_without_a_session_costs_redis_nothing(site: Site) -> None:
    sale = site.sale()
    stranger = site.app.test_client()
    before = site.context.backends.cache.dbsize()
    for path in ("/", f"/sales/{sale.id}", "/nowhere"):
        assert "Set-Cookie" not in stranger.get(path).headers
    assert site.context.backends.cache.dbsize() == before


@pytest.mark.parametrize("server", ["mysql_url", "redis_url"])
def test_a_server_that_is_away_is_told_on_a_page(settings: Settings, make_app: MakeApp, server: str) -> None:
    nowhere = {"mysql_url": "mysql://root@127.0.0.1:{}/", "redis_url": "redis://127.0.0.1:{}/0"}
    settings = replace(settings, **{server: nowhere[server].format(free_port())})
    browser = make_app("s01", settings=settings).test_client()
    browser.set_cookie("s01_session", "somebody")
    answer = browser.get("/")
    assert answer.status_code == 503
    assert WORDS["problem.busy.title"] in answer.text


def test_the_header_says_which_stage_this_is(site: Site, fresh: Fresh, make_app: MakeApp) -> None:
    fresh("s02")
    for code, says in (("s01", "sells_in_turn"), ("s02", "no_oversell")):
        app = make_app(code)
        page = app.test_client().get("/").text
        assert WORDS["stage.number"].format(number=int(code[1:])) in page
        assert WORDS[f"guarantee.{says}.says"] in page
        assert ("Never more units" in page) == (code == "s02")
