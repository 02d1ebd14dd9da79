"""Demo data: believable, quick, and never added twice."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pymysql
import pytest
from flask.testing import FlaskClient

from common import schema, seed
from common.settings import Settings
from tests.conftest import Fresh, MakeApp
from tests.web.conftest import Site


def test_ten_thousand_buyers_in_under_ten_seconds_each_with_a_token_that_works(
    fresh: Fresh, make_app: MakeApp
) -> None:
    settings = fresh("s01")
    begun = time.monotonic()
    seed.seed(settings.mysql_url, "s01", 10_000)
    tokens = seed.demo_tokens(settings, 10_000)
    assert time.monotonic() - begun < 10
    site = Site(make_app("s01"))
    with site.context.backends.sql() as db:
        assert db.one("SELECT COUNT(*) AS n FROM buyers WHERE role = 'buyer'") == {"n": 10_000}
        last = db.one("SELECT id, name FROM buyers WHERE name = 'buyer10000'")
    me = site.call("GET", "/api/session", headers={"Authorization": f"Bearer {tokens[-1]}"}).json["buyer"]
    assert last == {"id": me["id"], "name": me["name"]}
    assert len(set(tokens)) == 10_000


def test_a_second_call_adds_nothing_and_a_larger_one_only_the_rest(fresh: Fresh, make_app: MakeApp) -> None:
    settings = fresh("s01")
    seed.seed(settings.mysql_url, "s01", 20)
    site = Site(make_app("s01"))
    before = site.contents()
    seed.seed(settings.mysql_url, "s01", 20)
    assert site.contents() == before
    seed.seed(settings.mysql_url, "s01", 30)
    after = site.contents()
    assert {name for name in before if before[name] != after[name]} == {"seckill_s01.buyers"}
    with site.context.backends.sql() as db:
        assert db.one("SELECT COUNT(*) AS n FROM buyers") == {"n": 31}


@pytest.mark.parametrize(
    ("name", "password", "role"), [("buyer00001", "demo", "buyer"), ("admin", "admin", "admin")]
)
def test_the_printed_logins_work(
    fresh: Fresh, client: FlaskClient, name: str, password: str, role: str
) -> None:
    settings = fresh("s01")
    seed.seed(settings.mysql_url, "s01", 1)
    answer = client.post("/api/session", json={"name": name, "password": password})
    assert (answer.status_code, answer.json["buyer"]["role"]) == (200, role)


def test_the_catalogue_has_sales_of_every_kind(fresh: Fresh, make_app: MakeApp) -> None:
    settings = fresh("s01")
    seed.seed(settings.mysql_url, "s01", 0)
    now = datetime.now(UTC)
    sales = Site(make_app("s01")).context.backoffice.all()
    assert 8 <= len(sales) <= 12
    published = [sale for sale in sales if sale.state == "published"]
    assert sum(sale.opens_at <= now < sale.closes_at for sale in published) >= 4
    assert sum(now < sale.opens_at < now + timedelta(hours=1, minutes=1) for sale in published) >= 2
    assert sum(sale.closes_at <= now for sale in published) == 1
    assert sum(sale.state == "draft" for sale in sales) == 1
    for sale in sales:
        assert sale.title != sale.title_zh
        assert sale.price_cents < sale.list_price_cents
        assert (seed.CATALOGUE.parent / "web" / "static" / "products" / f"{sale.image}.svg").is_file()


def test_a_number_of_buyers_that_cannot_be_is_refused(settings: Settings) -> None:
    for count in (-1, seed.MOST_BUYERS + 1):
        with pytest.raises(ValueError, match="buyers must be"):
            seed.seed(settings.mysql_url, "s01", count)


def test_flask_setup_makes_and_fills_the_database(fresh: Fresh, make_app: MakeApp) -> None:
    settings = fresh("s02")
    schema.drop(settings.mysql_url, "s02")
    app = make_app("s02")
    result = app.test_cli_runner().invoke(args=["setup", "--buyers", "3"])
    assert result.exit_code == 0, result.output
    assert "s02_guarded_update is set up" in result.output
    assert app.test_client().get("/readyz").status_code == 200
    assert len(app.test_client().get("/api/sales").json["sales"]) >= 8


def test_flask_setup_without_a_server_says_so_in_one_line(make_app: MakeApp) -> None:
    app = make_app("s01", settings=Settings(mysql_url="mysql://root@127.0.0.1:1/"))
    result = app.test_cli_runner().invoke(args=["setup"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: MariaDB at MYSQL_URL")
    assert "Traceback" not in result.output
    assert not isinstance(result.exception, pymysql.MySQLError)
