"""Page sessions: in Redis, safe from forgery, and nobody's business when a bearer token is sent."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from flask import request
from flask.testing import FlaskClient

from common.seed import ADMIN, demo_buyer
from common.tokens import LIFETIME
from common.web.auth import check_csrf, csrf_token, sign_in, sign_out
from tests.conftest import Fresh, MakeApp
from tests.web.conftest import Site

COOKIE = "s01_session"
OUR_OWN = {"info", "config|resetstat", "client|setinfo", "hello"}  # what looking, and connecting, costs


@pytest.fixture
def site(fresh: Fresh, make_app: MakeApp) -> Site:
    """s01, with three addresses that do what the sign-in page does."""
    fresh("s01")
    app = make_app("s01")

    @app.post("/api/test/sign-in/<int:number>")
    def enter(number: int) -> str:
        sign_in(ADMIN if number == 0 else demo_buyer(number))
        return csrf_token()

    @app.post("/api/test/sign-out")
    def leave() -> str:
        sign_out()
        return "bye"

    @app.route("/api/test/form", methods=["GET", "POST"])
    def form() -> str:
        if request.method == "POST":
            check_csrf()
        return csrf_token()

    return Site(app)


@pytest.fixture
def browser(site: Site) -> FlaskClient:
    return site.app.test_client()


def redis_keys(site: Site) -> list[bytes]:
    return sorted(site.context.backends.cache.keys("*"))


@pytest.fixture
def commands(site: Site) -> Iterator[Any]:
    """How often Redis was asked, by name, since the last look; asking costs nothing that is counted."""
    redis = site.context.backends.cache

    def since_last_look() -> dict[str, int]:
        stats = redis.info("commandstats")
        redis.config_resetstat()
        calls = {name.removeprefix("cmdstat_"): each["calls"] for name, each in stats.items()}
        return {name: count for name, count in calls.items() if name not in OUR_OWN}

    since_last_look()
    return since_last_look


def test_a_bearer_request_costs_no_redis_command(site: Site, browser: FlaskClient, commands: Any) -> None:
    csrf = browser.post("/api/test/sign-in/1").text
    assert commands() == {"del": 1, "set": 1}, "the power check: a cookie session is written …"
    assert browser.get("/api/orders").status_code == 200
    assert commands() == {"get": 1}, "… and read"

    sale, buyer = site.sale(), site.buyer()
    press: dict[str, Any] = {"json": {"quantity": 1}, "headers": site.bearer(buyer)}
    # The cookie goes along, and is not looked up.
    assert browser.post(f"/api/sales/{sale.id}/orders", **press).status_code == 201
    assert site.buy(sale, buyer).status_code == 201
    assert site.call("GET", "/api/orders", buyer).status_code == 200
    assert site.call("GET", "/api/sales").status_code == 200
    assert commands() == {}
    assert csrf


def test_a_session_is_json_in_redis_under_the_stage_and_expires(site: Site, browser: FlaskClient) -> None:
    browser.post("/api/test/sign-in/7")
    [key] = redis_keys(site)
    cookie = browser.get_cookie(COOKIE)
    assert cookie and key == f"s01:session:{cookie.value}".encode()
    redis = site.context.backends.cache
    assert json.loads(redis.get(key))["buyer"] == [7, "buyer00007", "buyer"]
    assert 0 < redis.ttl(key) <= LIFETIME.total_seconds()


def test_the_cookie_is_not_for_scripts_nor_for_other_sites(browser: FlaskClient) -> None:
    header = browser.post("/api/test/sign-in/1").headers["Set-Cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "Path=/" in header


def test_what_somebody_pickled_into_redis_is_not_run(site: Site, browser: FlaskClient) -> None:
    browser.post("/api/test/sign-in/1")
    [key] = redis_keys(site)
    site.context.backends.cache.set(key, pickle.dumps({"buyer": [1, "buyer00001", "admin"]}))
    assert browser.get("/api/session").json["buyer"] is None


def test_signing_in_changes_the_session_id_and_the_csrf_token(site: Site, browser: FlaskClient) -> None:
    before = browser.get("/api/test/form").text
    planted = browser.get_cookie(COOKIE)
    after = browser.post("/api/test/sign-in/1").text
    cookie = browser.get_cookie(COOKIE)
    assert planted and cookie and planted.value != cookie.value
    assert before != after
    assert redis_keys(site) == [f"s01:session:{cookie.value}".encode()], "the planted one is gone"


def test_a_session_id_that_somebody_chose_is_not_taken_up(site: Site, browser: FlaskClient) -> None:
    browser.set_cookie(COOKIE, "chosen")
    browser.post("/api/test/sign-in/1")
    cookie = browser.get_cookie(COOKIE)
    assert cookie and cookie.value != "chosen"


def test_signing_out_ends_the_session_everywhere(site: Site, browser: FlaskClient) -> None:
    csrf = browser.post("/api/test/sign-in/1").text
    stolen = browser.get_cookie(COOKIE)
    assert stolen
    browser.post("/api/test/sign-out", headers={"X-CSRF-Token": csrf})
    assert redis_keys(site) == []
    browser.set_cookie(COOKIE, stolen.value)
    assert browser.get("/api/orders").status_code == 401


def test_the_header_decides_when_both_are_sent(site: Site, browser: FlaskClient) -> None:
    browser.post("/api/test/sign-in/1")
    assert browser.get("/api/session").json["buyer"]["id"] == 1
    assert browser.get("/api/session", headers=site.bearer(demo_buyer(2))).json["buyer"]["id"] == 2
    assert browser.get("/api/session", headers={"Authorization": "Bearer forged"}).status_code == 401


WRONG_TOKENS = {
    "none": {},
    "empty": {"headers": {"X-CSRF-Token": ""}},
    "wrong": {"headers": {"X-CSRF-Token": "wrong"}},
    "in Chinese": {"headers": {"X-CSRF-Token": "秒杀"}},
    "in the query": {"query_string": {"csrf_token": "RIGHT"}},
    "in the body": {"json": {"quantity": 1, "csrf_token": "RIGHT"}},
    "in a cookie": {"headers": {"Cookie": "csrf_token=RIGHT"}},
    "right, behind a wrong header": {"headers": {"X-CSRF-Token": "wrong"}, "data": {"csrf_token": "RIGHT"}},
    "of another session": {"headers": {"X-CSRF-Token": "OTHER"}},
}


@pytest.mark.parametrize("name", WRONG_TOKENS)
@pytest.mark.parametrize("what", ["buy", "publish"])
def test_a_cookie_changes_nothing_without_its_csrf_token(
    site: Site, browser: FlaskClient, what: str, name: str
) -> None:
    right = browser.post(f"/api/test/sign-in/{1 if what == 'buy' else 0}").text
    other = site.app.test_client().post("/api/test/sign-in/2").text
    path, body = f"/api/admin/sales/{site.draft().id}/publish", {}
    if what == "buy":
        path, body = f"/api/sales/{site.sale().id}/orders", {"json": {"quantity": 1}}

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(each) for key, each in value.items()}
        return value.replace("RIGHT", right).replace("OTHER", other) if isinstance(value, str) else value

    options = filled(WRONG_TOKENS[name])
    before = site.contents()
    answer = browser.post(path, **(body if "data" not in options else {}) | options)
    assert (answer.status_code, answer.json["code"]) == (403, "csrf")
    assert site.contents() == before
    good = browser.post(path, headers={"X-CSRF-Token": right}, **body)
    assert good.status_code in {200, 201}, "the power check"


def test_a_form_brings_its_token_as_a_field(browser: FlaskClient) -> None:
    token = browser.get("/api/test/form").text
    assert browser.post("/api/test/form", data={"csrf_token": token}).text == token
    assert browser.post("/api/test/form", data={"csrf_token": "x"}).status_code == 403
    assert browser.post("/api/test/form").status_code == 403


def test_a_cookie_session_learns_its_csrf_token_from_the_api(browser: FlaskClient) -> None:
    token = browser.post("/api/test/sign-in/1").text
    assert browser.get("/api/session").json["csrf_token"] == token


def test_a_visitor_who_only_looks_leaves_nothing_in_redis(site: Site, browser: FlaskClient) -> None:
    browser.get("/api/sales")
    browser.get("/api/session")
    assert redis_keys(site) == []
    assert browser.get_cookie(COOKIE) is None
