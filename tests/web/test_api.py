"""The contract of the API, one guarantee a test."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from common import schema
from common.database import Db
from common.shop import Attempt, Busy, Order, Ticket
from common.web.missing import LATER
from tests.conftest import Fresh, MakeApp
from tests.web.conftest import Site

NOBODYS_ORDER = "00000000-0000-7000-8000-000000000000"


def test_a_name_and_a_password_become_a_token_that_works(site: Site) -> None:
    site.sign_up()
    answer = site.call("POST", "/api/session", json={"name": "buyer00002", "password": "demo"})
    assert answer.status_code == 200
    assert answer.json["buyer"] == {"id": 2, "name": "buyer00002", "role": "buyer"}
    expires = datetime.fromisoformat(answer.json["expires_at"])
    assert timedelta(hours=11) < expires - datetime.now(UTC) <= timedelta(hours=12)
    assert "Set-Cookie" not in answer.headers

    me = site.call("GET", "/api/session", headers={"Authorization": f"Bearer {answer.json['token']}"})
    assert me.json == {"buyer": answer.json["buyer"], "csrf_token": None}


def test_nobody_is_an_answer_to_who_am_i(site: Site) -> None:
    answer = site.call("GET", "/api/session")
    assert (answer.status_code, answer.json) == (200, {"buyer": None, "csrf_token": None})


def test_the_scheme_is_case_insensitive(site: Site) -> None:
    token = site.bearer(site.buyer())["Authorization"].removeprefix("Bearer ")
    assert site.call("GET", "/api/orders", headers={"Authorization": f"bearer {token}"}).status_code == 200


def test_sales_show_price_window_state_stock_and_limit(site: Site) -> None:
    sale = site.sale(units=7, buyer_limit=2, price_cents=999)
    document = site.call("GET", f"/api/sales/{sale.id}").json
    assert document == {
        "id": sale.id,
        "title": "Tea",
        "title_zh": "茶",
        "image": "tea",
        "price_cents": 999,
        "list_price_cents": 2000,
        "units": 7,
        "left": 7,
        "buyer_limit": 2,
        "opens_at": sale.opens_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "closes_at": sale.closes_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "state": "published",
        "entry": None,
        "version": sale.version,
    }
    assert site.call("GET", "/api/sales").json == {"sales": [document]}


@pytest.mark.parametrize("path", ["/api/sales", "/api/sales/{}"])
def test_server_time_is_in_a_header_that_no_cache_holds(site: Site, path: str) -> None:
    sale = site.sale()
    before = site.context.backends.clock()
    answer = site.call("GET", path.format(sale.id))
    after = site.context.backends.clock()
    assert before.timestamp() * 1000 - 1 <= int(answer.headers["Seckill-Time"]) <= after.timestamp() * 1000
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_draft_is_for_admins_only(site: Site) -> None:
    draft = site.draft()
    assert site.call("GET", f"/api/sales/{draft.id}").status_code == 404
    assert site.call("GET", "/api/sales").json == {"sales": []}
    assert site.call("GET", f"/api/admin/sales/{draft.id}", site.admin).json["state"] == "draft"
    listed = site.call("GET", "/api/admin/sales", site.admin).json["sales"]
    assert [sale["id"] for sale in listed] == [draft.id]


def test_a_press_becomes_an_order_at_the_price_of_the_sale(site: Site) -> None:
    sale, buyer = site.sale(units=5, price_cents=1299), site.buyer()
    answer = site.buy(sale, buyer, quantity=3, headers={"Idempotency-Key": "!~" * 32})
    order = answer.json
    assert answer.status_code == 201
    wanted = {"sale_id": sale.id, "quantity": 3, "price_cents": 1299, "total_cents": 3897}
    assert wanted.items() <= order.items()
    assert answer.headers["Location"] == f"/api/orders/{order['id']}"
    assert site.call("GET", answer.headers["Location"], buyer).json == order
    assert site.call("GET", "/api/orders", buyer).json == {"orders": [order]}
    assert site.call("GET", f"/api/sales/{sale.id}").json["left"] == 2


def test_a_ticket_is_202_and_says_where_to_ask(fresh: Fresh, make_app: MakeApp) -> None:
    fresh("s01")

    def queue(attempt: Attempt) -> Ticket:
        return Ticket("t-1", attempt.sale_id, attempt.buyer_id, "queued")

    site = Site(make_app("s01", checkout=lambda *_: queue))
    answer = site.buy(site.sale(), site.buyer())
    assert (answer.status_code, answer.json) == (202, {"id": "t-1", "state": "queued"})
    assert answer.headers["Location"] == "/api/tickets/t-1"
    assert answer.headers["Retry-After"] == "1"


def test_the_attempt_says_who_presses_from_where_and_until_when(fresh: Fresh, make_app: MakeApp) -> None:
    attempts: list[Attempt] = []

    def keep(attempt: Attempt) -> Order:
        attempts.append(attempt)
        raise Busy

    fresh("s01")
    now = datetime(2026, 11, 11, tzinfo=UTC)
    site = Site(make_app("s01", clock=lambda: now, checkout=lambda *_: keep))
    sale, buyer = site.sale(), site.buyer()
    forged = {"X-Forwarded-For": "9.9.9.9", "X-Real-Ip": "9.9.9.9", "Forwarded": "for=9.9.9.9"}
    site.buy(sale, buyer, 2, headers=forged, environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    site.buy(sale, buyer, 2, headers={"Idempotency-Key": "k"})
    first, second = attempts
    assert (first.sale_id, first.buyer_id, first.quantity) == (sale.id, buyer.id, 2)
    assert first.client == "192.0.2.7", "the peer, whatever a header says"
    assert first.deadline == now + timedelta(seconds=10)
    assert first.key == first.id != second.id
    assert second.key == "k"


def test_an_order_of_somebody_else_does_not_exist(site: Site) -> None:
    order = site.buy(site.sale(), site.buyer()).json
    other = site.call("GET", f"/api/orders/{order['id']}", site.buyer())
    none = site.call("GET", f"/api/orders/{NOBODYS_ORDER}", site.buyer())
    assert other.status_code == none.status_code == 404
    same = {"type", "code", "title", "status", "detail"}
    assert {name: other.json[name] for name in same} == {name: none.json[name] for name in same}


def test_an_admin_takes_a_sale_from_draft_to_close(site: Site) -> None:
    fields = {
        "title": "  Tea 🍵  ",
        "title_zh": "茶",
        "image": "tea",
        "price_cents": 1,
        "list_price_cents": 1_000_000_000,
        "buyer_limit": 1000,
        "opens_at": "2026-11-11T08:00:00.123999+08:00",
        "closes_at": "2100-12-31t23:59:59z",
        "units": 0,
    }
    created = site.call("POST", "/api/admin/sales", site.admin, json=fields)
    assert (created.status_code, created.json["title"], created.json["state"]) == (201, "Tea 🍵", "draft")
    assert created.json["opens_at"] == "2026-11-11T00:00:00.123Z"
    place = created.headers["Location"]
    assert site.call("GET", place, site.admin).json == created.json

    changed = site.call("PATCH", place, site.admin, json={"price_cents": 500, "title": "Tea"}).json
    assert changed == {**created.json, "price_cents": 500, "title": "Tea", "version": 2}
    assert site.call("POST", f"{place}/publish", site.admin).json["state"] == "published"
    restocked = site.call("POST", f"{place}/restock", site.admin, json={"units": 10}).json
    assert (restocked["units"], restocked["left"]) == (10, 10)
    taken = site.call("POST", f"{place}/restock", site.admin, json={"units": -4}).json
    assert (taken["units"], taken["left"]) == (6, 6)
    closed = site.call("POST", f"{place}/close", site.admin).json
    assert (closed["state"], closed["version"]) == ("closed", 6)


@pytest.mark.parametrize(("method", "rule", "stage"), LATER)
def test_what_comes_later_says_in_which_stage(shared_site: Site, method: str, rule: str, stage: str) -> None:
    for placeholder, value in {
        "<sale:sale_id>": "1",
        "<order:order_id>": NOBODYS_ORDER,
        "<ticket_id>": "t",
    }.items():
        rule = rule.replace(placeholder, value)
    answer = shared_site.call(method, rule)
    assert (answer.status_code, answer.json["code"]) == (501, "not_in_this_stage")
    assert answer.json["stage"] == stage


def test_alive_does_not_ask_the_servers_and_ready_does(make_app: MakeApp, site: Site) -> None:
    nowhere = {"mysql_url": "mysql://root@127.0.0.1:1/", "redis_url": "redis://127.0.0.1:1/0"}
    client = make_app("s01", settings=type(site.settings)(**nowhere)).test_client()
    assert client.get("/healthz").json == {"status": "alive", "stage": "s01"}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "busy", "2")
    assert "MariaDB does not answer" in answer.json["detail"]
    assert "Redis does not answer" in answer.json["detail"]
    assert "docker compose" in answer.json["detail"]
    assert site.call("GET", "/readyz").json == {"status": "ready", "stage": "s01"}


def test_ready_says_how_to_make_a_missing_schema(site: Site) -> None:
    with site.context.backends.sql() as db:
        db.run("DELETE FROM schema_changes")
    answer = site.call("GET", "/readyz")
    assert answer.status_code == 503
    assert "flask --app stages.s01_naive.app setup" in answer.json["detail"]
    schema.drop(site.settings.mysql_url, "s01")
    site.context.backends.pool.close()
    answer = site.call("GET", "/readyz")
    assert answer.status_code == 503
    assert "not set up" in answer.json["detail"]
    assert "MariaDB does not answer" not in answer.json["detail"]


def test_metrics_count_requests_by_rule_and_attempts_by_outcome(site: Site) -> None:
    sale, buyer = site.sale(units=1), site.buyer()

    def counts() -> dict[str, float]:
        lines = site.call("GET", "/metrics").get_data(as_text=True).splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line[0] != "#"}

    before = counts()
    site.buy(sale, buyer)
    site.buy(sale, buyer)
    site.call("GET", "/api/no/such/address")
    after = counts()
    route = 'route="/api/sales/<sale:sale_id>/orders"'
    for name in (
        'seckill_attempts_total{outcome="order",stage="s01"}',
        'seckill_attempts_total{outcome="sold_out",stage="s01"}',
        f'seckill_requests_total{{{route},stage="s01",status="201"}}',
        f'seckill_requests_total{{{route},stage="s01",status="409"}}',
        'seckill_requests_total{route="none",stage="s01",status="404"}',
    ):
        assert after[name] - before.get(name, 0) == 1, name
    timed = f'seckill_request_seconds_count{{{route},stage="s01"}}'
    assert after[timed] - before.get(timed, 0) == 2


def test_unicode_is_served_as_it_was_stored(site: Site) -> None:
    sale = site.sale(title="🧋 𝒯ea", title_zh="龘茶")
    body = json.loads(site.call("GET", f"/api/sales/{sale.id}").data)
    assert (body["title"], body["title_zh"]) == ("🧋 𝒯ea", "龘茶")


def test_a_page_of_orders_has_at_most_a_hundred(site: Site) -> None:
    sale, buyer = site.sale(), site.buyer()
    with site.context.backends.sql() as db:
        add_orders(db, sale.id, buyer.id, 101)
    orders = site.call("GET", "/api/orders", buyer).json["orders"]
    assert [order["quantity"] for order in orders] == list(range(101, 1, -1))


def add_orders(db: Db, sale_id: int, buyer_id: int, count: int) -> None:
    db.run_many(
        "INSERT INTO orders (id, sale_id, buyer_id, quantity, price_cents, status, created_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [
            (f"01900000-0000-7000-8000-{n:012}", sale_id, buyer_id, n, 1, "placed", datetime.now(UTC))
            for n in range(1, count + 1)
        ],
    )
