"""Whatever comes in: a clear answer of the right kind, and nothing changed."""

from __future__ import annotations

import re

import pytest
from werkzeug.test import TestResponse

from tests.web.bad_inputs import BAD, Bad, Request, list_orders, signed
from tests.web.conftest import Site

INSIDES = re.compile(
    r"Traceback|File \"|site-packages|pymysql|pydantic|werkzeug|SELECT |INSERT |/common/|0x[0-9a-f]{6}"
)


@pytest.fixture(scope="module")
def site(shared_site: Site) -> Site:
    shared_site.sign_up()
    return shared_site


def send(site: Site, request: Request) -> TestResponse:
    return site.call(request.method, request.path, request.by, **request.options())


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_clearly_and_changes_nothing(site: Site, name: str) -> None:
    check_refusal(site, BAD[name])


def check_refusal(site: Site, bad: Bad) -> None:
    """The answer that is due, nothing changed, and without the bad part it works."""
    request = bad.good(site)
    bad.spoil(site, request)
    before = site.contents()
    answer = send(site, request)
    assert site.contents() == before

    assert (answer.status_code, answer.json and answer.json["code"]) == (bad.status, bad.code), answer.text
    check_problem(answer)
    if bad.field:
        assert answer.json["errors"][0]["field"] == bad.field
        assert answer.json["errors"][0]["message"]

    good = send(site, bad.good(site))
    assert good.status_code in {200, 201}, "the power check: without the bad part it works"


def check_problem(answer: TestResponse) -> None:
    """A problem document (RFC 9457) that is short, and tells nothing of our insides."""
    assert answer.content_type == "application/problem+json"
    problem = answer.json
    assert problem["type"] == f"/problems/{problem['code']}"
    assert problem["status"] == answer.status_code
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"] == answer.headers["X-Request-Id"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert not INSIDES.search(answer.text)
    assert len(answer.data) < 4000


def test_the_table_is_what_it_promises() -> None:
    assert len(BAD) >= 100
    assert 500 not in {bad.status for bad in BAD.values()}


def test_the_tokens_that_the_table_makes_fail_for_what_is_wrong_with_them_alone(site: Site) -> None:
    request = list_orders(site)
    signed()(site, request)
    assert send(site, request).status_code == 200


def test_a_price_in_the_body_is_told_where_prices_come_from(site: Site) -> None:
    answer = site.call(
        "POST", f"/api/sales/{site.sale().id}/orders", site.buyer(), json={"quantity": 1, "price": 1}
    )
    assert answer.json["errors"] == [
        {"field": "price", "message": "the price comes from the sale, never from the buyer"}
    ]


def test_every_wrong_field_is_named(site: Site) -> None:
    body = {"title": "", "price_cents": "1", "extra": 1}
    errors = site.call("POST", "/api/admin/sales", site.admin, json=body).json["errors"]
    assert {"title", "price_cents", "extra", "title_zh", "units"} <= {error["field"] for error in errors}


def test_a_405_says_what_is_allowed(site: Site) -> None:
    answer = site.call("PUT", "/api/orders")
    assert {"GET", "HEAD", "OPTIONS"} == set(answer.headers["Allow"].split(", "))


def test_a_401_says_how_to_sign_in(site: Site) -> None:
    assert site.call("GET", "/api/orders").headers["WWW-Authenticate"] == "Bearer"


def test_not_open_says_when_it_opens(site: Site) -> None:
    now = site.context.backends.clock()
    sale = site.sale(opens_at=now.replace(year=now.year + 1), closes_at=now.replace(year=now.year + 2))
    answer = site.buy(sale, site.buyer())
    assert answer.json["opens_at"] == site.call("GET", f"/api/sales/{sale.id}").json["opens_at"]
