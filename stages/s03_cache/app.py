"""s03: the shop of s02 with two caches before the catalog; who changes a sale empties them."""

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
from stages.s03_cache.catalog import CachedCatalog
from stages.s03_cache.invalidation import Invalidation, Subscriber
from stages.s03_cache.local import LocalCache
from stages.s03_cache.shared import SharedCache


def create_shop(
    b: Backends,
    *,
    checkout: Callable[[Sql, Clock], Buy] = GuardedCheckout,
    local_ttl: float = 0.4,
    shared_ttl: float = 1.0,
) -> Shop:
    local = LocalCache(b.clock, ttl=local_ttl)
    shared = SharedCache(b.cache, b.keys, ttl=shared_ttl)
    return Shop(
        catalog=CachedCatalog(SqlCatalog(b.sql), local, shared),
        buy=retrying(checkout(b.sql, b.clock)),
        listeners=[Invalidation(local, shared)],
        services={"invalidation": Subscriber(local, shared)},
    )


def create_app() -> Flask:
    return web.create_app("s03_cache", create_shop)
