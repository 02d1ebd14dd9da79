"""s01, the whole shop on one page: read sales from MariaDB, buy with `NaiveCheckout`."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from common import web
from common.backends import Backends, Clock
from common.catalog import SqlCatalog
from common.database import Sql
from common.shop import Buy, Shop
from stages.s01_naive.checkout import NaiveCheckout


def create_shop(b: Backends, *, checkout: Callable[[Sql, Clock], Buy] = NaiveCheckout) -> Shop:
    return Shop(catalog=SqlCatalog(b.sql), buy=checkout(b.sql, b.clock))


def create_app() -> Flask:
    return web.create_app("s01_naive", create_shop)
