"""s07: the shop of s06; what is reserved is in a journal at once, and a consumer writes orders in batches."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from common import web
from common.backends import Backends, Clock
from common.shop import Catalog, Shop, Stock
from stages.s03_cache.catalog import CachedCatalog
from stages.s03_cache.invalidation import Invalidation, Subscriber
from stages.s03_cache.local import LocalCache
from stages.s03_cache.shared import SharedCache
from stages.s04_static_edge.origin import behind_edge
from stages.s05_redis_stock.catalog import SellableCatalog
from stages.s05_redis_stock.flags import SoldOutFlags
from stages.s05_redis_stock.upkeep import Adjustments, CatchUp
from stages.s06_queue.stock import TicketStock
from stages.s06_queue.tickets import RedisTickets
from stages.s07_journal.checkout import JournalCheckout
from stages.s07_journal.consumer import Consumer, Drain
from stages.s07_journal.counter import JournalCounter
from stages.s07_journal.journal import Journal
from stages.s07_journal.ledger import BatchLedger
from stages.s07_journal.upkeep import WarmUp


def create_shop(
    b: Backends,
    *,
    counter: Callable[..., JournalCounter] = JournalCounter,
    stock: Callable[[JournalCounter, SoldOutFlags, WarmUp, Catalog, Clock], Stock] = TicketStock,
    journal: Callable[..., Journal] = Journal,
    ledger: Callable[..., BatchLedger] = BatchLedger,
    drain: Callable[[Journal, JournalCounter, BatchLedger], Drain] = Drain,
) -> Shop:
    counted, kept = counter(b.stock, b.keys), journal(b.stock, b.keys)
    flags, tickets = SoldOutFlags(b.clock, ttl=1.0), RedisTickets(b.stock, b.keys)
    caches = LocalCache(b.clock), SharedCache(b.cache, b.keys)
    warm_up, sales = WarmUp(b.sql, counted, kept), CachedCatalog(SellableCatalog(b.sql, counted), *caches)
    draining = drain(kept, counted, ledger(b.sql))
    return Shop(
        catalog=sales,
        buy=JournalCheckout(stock(counted, flags, warm_up, sales, b.clock), tickets, b.sql),
        tickets=tickets,
        listeners=[Adjustments(b.sql, counted, flags, warm_up), Invalidation(*caches)],
        tasks={Drain.name: draining},
        services={
            "invalidation": Subscriber(*caches),
            "flags": Subscriber(flags, SharedCache(b.stock, b.keys)),
            "catch-up": CatchUp(sales, counted),
            "consumer": Consumer(kept, draining),
        },
    )


def create_app() -> Flask:
    return behind_edge(web.create_app("s07_journal", create_shop))
