"""s06: the shop of s05; who gets something gets a ticket, and a worker writes the order."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from redis import Redis

from common import web
from common.backends import Backends, Clock, Keys
from common.database import Sql
from common.shop import Catalog, Shop, Stock, Task
from stages.s03_cache.catalog import CachedCatalog
from stages.s03_cache.invalidation import Invalidation, Subscriber
from stages.s03_cache.local import LocalCache
from stages.s03_cache.shared import SharedCache
from stages.s04_static_edge.origin import behind_edge
from stages.s05_redis_stock.catalog import SellableCatalog
from stages.s05_redis_stock.flags import SoldOutFlags
from stages.s05_redis_stock.upkeep import Adjustments, CatchUp, WarmUp
from stages.s06_queue.checkout import QueuedCheckout
from stages.s06_queue.counter import TicketCounter
from stages.s06_queue.job import PlaceOrder
from stages.s06_queue.ledger import TicketLedger
from stages.s06_queue.queue import TASK, OrderQueue
from stages.s06_queue.stock import TicketStock
from stages.s06_queue.tickets import RedisTickets


def create_shop(
    b: Backends,
    *,
    counter: Callable[[Redis, Keys], TicketCounter] = TicketCounter,
    stock: Callable[[TicketCounter, SoldOutFlags, WarmUp, Catalog, Clock], Stock] = TicketStock,
    queue: Callable[[Redis, str], OrderQueue] = OrderQueue,
    ledger: Callable[[Sql], TicketLedger] = TicketLedger,
    job: Callable[[TicketCounter, TicketLedger], Task] = PlaceOrder,
) -> Shop:
    counted, flags = counter(b.stock, b.keys), SoldOutFlags(b.clock, ttl=1.0)
    caches = LocalCache(b.clock), SharedCache(b.cache, b.keys)
    warm_up, tickets = WarmUp(b.sql, counted), RedisTickets(b.stock, b.keys)
    sales = CachedCatalog(SellableCatalog(b.sql, counted), *caches)
    reserving = stock(counted, flags, warm_up, sales, b.clock)
    return Shop(
        catalog=sales,
        buy=QueuedCheckout(reserving, counted, tickets, queue(b.queue, b.keys.prefix), b.sql),
        tickets=tickets,
        listeners=[Adjustments(b.sql, counted, flags, warm_up), Invalidation(*caches)],
        tasks={TASK: job(counted, ledger(b.sql))},
        services={
            "invalidation": Subscriber(*caches),
            "flags": Subscriber(flags, SharedCache(b.stock, b.keys)),
            "catch-up": CatchUp(sales, counted),
        },
    )


def create_app() -> Flask:
    return behind_edge(web.create_app("s06_queue", create_shop))
