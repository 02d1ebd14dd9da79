"""s05: the shop of s03, selling from Redis; MariaDB hears of those who got something."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from redis import Redis

from common import web
from common.backends import Backends, Clock, Keys
from common.catalog import SqlCatalog
from common.database import Sql
from common.shop import Catalog, Ledger, Shop, Stock
from stages.s03_cache.catalog import CachedCatalog
from stages.s03_cache.invalidation import Invalidation, Subscriber
from stages.s03_cache.local import LocalCache
from stages.s03_cache.shared import SharedCache
from stages.s04_static_edge.origin import behind_edge
from stages.s05_redis_stock.catalog import SellableCatalog
from stages.s05_redis_stock.checkout import ReservedCheckout
from stages.s05_redis_stock.counter import StockCounter
from stages.s05_redis_stock.flags import SoldOutFlags
from stages.s05_redis_stock.ledger import GuardedLedger
from stages.s05_redis_stock.stock import RedisStock
from stages.s05_redis_stock.upkeep import Adjustments, CatchUp, WarmUp


def create_shop(
    b: Backends,
    *,
    local: Callable[[Clock], LocalCache] = LocalCache,
    shared: Callable[[Redis, Keys], SharedCache] = SharedCache,
    catalog: Callable[[SqlCatalog, LocalCache, SharedCache], Catalog] = CachedCatalog,
    stock: Callable[[StockCounter, SoldOutFlags, WarmUp, Catalog, Clock], Stock] = RedisStock,
    ledger: Callable[[Sql, Clock], Ledger] = GuardedLedger,
) -> Shop:
    counter = StockCounter(b.stock, b.keys)
    flags = SoldOutFlags(b.clock, ttl=1.0)
    warm_up = WarmUp(b.sql, counter)
    caches = local(b.clock), shared(b.cache, b.keys)
    sales = catalog(SellableCatalog(b.sql, counter), *caches)
    return Shop(
        catalog=sales,
        buy=ReservedCheckout(stock(counter, flags, warm_up, sales, b.clock), ledger(b.sql, b.clock)),
        listeners=[Adjustments(b.sql, counter, flags, warm_up), Invalidation(*caches)],
        services={
            "invalidation": Subscriber(*caches),
            "flags": Subscriber(flags, shared(b.stock, b.keys)),
            "catch-up": CatchUp(sales, counter),
        },
    )


def create_app() -> Flask:
    return behind_edge(web.create_app("s05_redis_stock", create_shop))
