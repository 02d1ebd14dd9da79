"""When something is broken: what the buyer is told, what the log says, and what nobody is told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, NoReturn

import pymysql
import pytest
import redis

from common.shop import Busy, Order, Refused, TooMany, Unclear
from tests.conftest import Fresh, MakeApp
from tests.web.conftest import Site
from tests.web.test_bad_inputs import check_problem

NOWHERE = {"mysql_url": "mysql://root@127.0.0.1:1/", "redis_url": "redis://127.0.0.1:1/0"}


def site_whose_checkout_raises(make_app: MakeApp, error: Exception) -> Site:
    def checkout(*_: Any) -> Any:
        def buy(_: Any) -> Order:
            raise error

        return buy

    return Site(make_app("s01", checkout=checkout))


FAULTS = {
    "MariaDB hung up": (pymysql.OperationalError(2013, "Lost connection"), "The database"),
    "MariaDB is away": (pymysql.OperationalError(2003, "Can't connect"), "The database"),
    "the connection is closed": (pymysql.InterfaceError(0, ""), "The database"),
    "Redis is away": (redis.ConnectionError("refused"), "Redis"),
    "Redis is silent": (redis.TimeoutError("silent"), "Redis"),
    "Redis only reads": (redis.exceptions.ReadOnlyError("READONLY"), "Redis"),
    "Redis is full": (redis.exceptions.OutOfMemoryError("OOM"), "Redis"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_lost_reply_to_a_press_is_told_as_unknown(fresh: Fresh, make_app: MakeApp, name: str) -> None:
    error, server = FAULTS[name]
    fresh("s01")
    site = site_whose_checkout_raises(make_app, error)
    answer = site.buy(site.sale(), site.buyer())
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "busy", "2")
    assert server in answer.json["detail"]
    assert "outcome is unknown" in answer.json["detail"]
    assert "orders" in answer.json["detail"]
    assert "taken" not in answer.json
    assert str(error.args[-1]) not in answer.text or not error.args[-1]


@pytest.mark.parametrize(
    ("refused", "members"),
    [(Busy("full", retry_after=3), {"taken": False}), (Unclear("nobody knows", retry_after=3), {})],
)
def test_a_busy_shop_says_for_programs_if_it_knows_that_nothing_was_taken(
    fresh: Fresh, make_app: MakeApp, refused: Refused, members: dict[str, Any]
) -> None:
    fresh("s01")
    site = site_whose_checkout_raises(make_app, refused)
    answer = site.buy(site.sale(), site.buyer())
    check_problem(answer)
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "busy", "3")
    assert {name: told for name, told in answer.json.items() if name == "taken"} == members


def no_connection_is_free(*_: object) -> NoReturn:
    """What the pool says to who has waited for one, also after a change was committed."""
    raise Busy("Every database connection is in use")


@pytest.mark.parametrize("meets_it", ["a listener", "the last look"])
def test_a_change_that_is_made_is_never_told_as_one_that_is_not(site: Site, meets_it: str) -> None:
    """Whoever is told that nothing was taken restocks again."""
    sale, office = site.sale(units=1), site.context.backoffice
    if meets_it == "a listener":
        office._listeners = [no_connection_is_free]
    else:
        office.get = no_connection_is_free  # type: ignore[method-assign]
    answer = site.call("POST", f"/api/admin/sales/{sale.id}/restock", site.admin, json={"units": 5})
    check_problem(answer)
    with site.context.backends.sql() as db:
        assert db.one("SELECT stock FROM sales WHERE id = %s", sale.id) == {"stock": 6}
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "busy", "2")
    assert "taken" not in answer.json
    assert "is made" in answer.json["detail"]


def test_a_look_that_fails_says_to_try_again(make_app: MakeApp, site: Site) -> None:
    away = Site(make_app("s01", settings=replace(site.settings, mysql_url=NOWHERE["mysql_url"])))
    answer = away.call("GET", "/api/sales")
    assert (answer.status_code, answer.json["code"], answer.json["taken"]) == (503, "busy", False)
    assert "unknown" not in answer.json["detail"]


def test_without_redis_a_bearer_token_still_buys_and_a_cookie_is_told(make_app: MakeApp, site: Site) -> None:
    app = make_app("s01", settings=replace(site.settings, redis_url=NOWHERE["redis_url"]))
    assert Site(app).buy(site.sale(), site.buyer()).status_code == 201
    browser = app.test_client()
    browser.set_cookie("s01_session", "any")
    answer = browser.get("/api/orders")
    assert (answer.status_code, answer.json["code"]) == (503, "busy")
    assert "Redis" in answer.json["detail"]
    assert browser.get("/healthz").status_code == 200


def test_a_shop_that_is_not_set_up_says_so(make_app: MakeApp, site: Site) -> None:
    with site.context.backends.sql() as db:
        db.run("RENAME TABLE sales TO sales_away")
    try:
        answer = site.call("GET", "/api/sales")
    finally:
        with site.context.backends.sql() as db:
            db.run("RENAME TABLE sales_away TO sales")
    assert (answer.status_code, answer.json["code"]) == (503, "busy")
    assert "/readyz" in answer.json["detail"]


def test_what_nobody_foresaw_is_logged_and_not_told(
    fresh: Fresh, make_app: MakeApp, capfd: pytest.CaptureFixture[str]
) -> None:
    fresh("s01")
    site = site_whose_checkout_raises(make_app, ZeroDivisionError("a secret of ours"))
    answer = site.buy(site.sale(), site.buyer())
    assert (answer.status_code, answer.json["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert "ZeroDivision" not in answer.text
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    [unexpected] = [line for line in lines if line["message"] == "Unexpected"]
    assert unexpected["request_id"] == answer.json["instance"]
    assert "a secret of ours" in unexpected["exc_info"]


def test_retry_after_is_whole_seconds_rounded_up(fresh: Fresh, make_app: MakeApp) -> None:
    fresh("s01")
    site = site_whose_checkout_raises(make_app, TooMany(retry_after=0.2))
    answer = site.buy(site.sale(), site.buyer())
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
