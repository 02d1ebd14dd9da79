"""s02: the shop of s01 with a checkout that guards what it takes."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from common import web
from common.backends import Backends, Clock
from common.catalog import SqlCatalog
from common.database import Sql
from common.shop import Buy, Shop
from stages.s02_guarded_update.checkout import GuardedCheckout
from stages.s02_guarded_update.retry import retrying


def create_shop(b: Backends, *, checkout: Callable[[Sql, Clock], Buy] = GuardedCheckout) -> Shop:
    return Shop(catalog=SqlCatalog(b.sql), buy=retrying(checkout(b.sql, b.clock)))


def create_app() -> Flask:
    return web.create_app("s02_guarded_update", create_shop)
