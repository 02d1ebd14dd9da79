"""What all proofs share: private real servers, one set for each test process, and a stage's app on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from common import database, schema, web
from common.backends import Clock, connect_redis, database_name, system_clock
from common.database import Db
from common.lab import Lab
from common.settings import Settings
from common.stages import find
from common.web.context import EXTENSION, Context

pytest_plugins = ("tests.world", "tests.stalling", "tests.edge", "tests.built_site", "tests.chromium")

Fresh = Callable[[str], Settings]
MakeApp = Callable[..., Flask]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all-cells", action="store_true", help="prove every cell of the grid")
    parser.addoption("--cells-of", metavar="s01,s02", default="", help="prove the cells of these stages only")
    parser.addoption("--seed", type=int, default=1, help="for whatever a proof draws at random")
    parser.addoption("--cells-json", metavar="FILE", help="write what each cell of the grid showed")


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """MariaDB and Redis for the whole test process (each xdist worker has its own)."""
    with Lab(("mysql", "redis")) as running:
        yield running


@pytest.fixture(scope="session")
def settings(lab: Lab) -> Settings:
    """The lab's addresses, and a secret that no other test process has a reason to know."""
    return Settings(mysql_url=lab.mysql.url, redis_url=lab.redis.url, secret_key="the secret of the tests")


def tables(db: Db) -> set[str]:
    return {str(next(iter(row.values()))) for row in db.all("SHOW TABLES")}


@pytest.fixture(scope="session")
def fresh(lab: Lab, settings: Settings) -> Fresh:
    """`fresh("s02")`: that stage with an empty database and an empty Redis, whatever ran before."""

    def empty(code: str) -> Settings:
        if not (lab.mysql.owned and lab.redis.owned):
            pytest.skip("empties its servers, and these came from the environment")
        schema.prepare(settings.mysql_url, code)
        with closing(database.connect(settings.mysql_url, database_name(code))) as db:
            for table in tables(db) - {"schema_changes"}:
                db.run(f"DELETE FROM {table}")  # far quicker than DROP and CREATE
        with closing(connect_redis(settings)) as redis:
            redis.flushall()
        return settings

    return empty


@contextmanager
def apps(settings: Settings) -> Iterator[MakeApp]:
    """`make("s02", clock=…, checkout=…)`: the app of a stage, with other parts plugged in on request.

    Its database is as it is: use `fresh` before. What nobody foresaw answers 500, as it would in production.
    """
    made: list[Context] = []

    def make(code: str, settings: Settings = settings, clock: Clock = system_clock, **plugs: Any) -> Flask:
        stage = find(code)
        app = web.create_app(stage.name, partial(stage.load().create_shop, **plugs), settings, clock)
        made.append(app.extensions[EXTENSION])
        return app

    yield make
    for context in made:
        context.services.stop()
        context.backends.pool.close()
        context.backends.cache.close()


@pytest.fixture
def make_app(settings: Settings) -> Iterator[MakeApp]:
    with apps(settings) as make:
        yield make


@pytest.fixture
def client(fresh: Fresh, make_app: MakeApp) -> FlaskClient:
    """A browser without a cookie before a fresh, empty s01."""
    fresh("s01")
    return make_app("s01").test_client()
