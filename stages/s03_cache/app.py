"""s03: the shop of s02 with two caches before the catalog; who changes a sale empties them."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from redis import Redis

from common import web
from common.backends import Backends, Clock, Keys
from common.catalog import SqlCatalog
from common.database import Sql
from common.shop import Buy, Catalog, Shop
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
    local: Callable[[Clock], LocalCache] = LocalCache,
    shared: Callable[[Redis, Keys], SharedCache] = SharedCache,
    catalog: Callable[[SqlCatalog, LocalCache, SharedCache], Catalog] = CachedCatalog,
) -> Shop:
    caches = local(b.clock), shared(b.cache, b.keys)
    return Shop(
        catalog=catalog(SqlCatalog(b.sql), *caches),
        buy=retrying(checkout(b.sql, b.clock)),
        listeners=[Invalidation(*caches)],
        services={"invalidation": Subscriber(*caches)},
    )


def create_app() -> Flask:
    return web.create_app("s03_cache", create_shop)
