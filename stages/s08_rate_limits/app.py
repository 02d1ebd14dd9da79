"""s08: the shop of s07, and before its buy path a gate that counts presses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from flask import Flask
from redis import Redis

from common import web
from common.backends import Backends, Clock, Keys
from common.shop import Catalog, Gate, Shop, Stock
from stages.s04_static_edge.origin import behind_edge
from stages.s05_redis_stock.flags import SoldOutFlags
from stages.s06_queue.stock import TicketStock
from stages.s07_journal import app as s07
from stages.s07_journal.consumer import Drain
from stages.s07_journal.counter import JournalCounter
from stages.s07_journal.journal import Journal
from stages.s07_journal.ledger import BatchLedger
from stages.s07_journal.upkeep import WarmUp
from stages.s08_rate_limits.gate import RateGate
from stages.s08_rate_limits.limiter import Limiter, SlidingLog
from stages.s08_rate_limits.rules import Rules


def create_shop(
    b: Backends,
    *,
    limiter: Callable[[Redis, Keys, Rules], Limiter] = SlidingLog,
    gate: Callable[[Limiter], Gate] = RateGate,
    counter: Callable[..., JournalCounter] = JournalCounter,
    stock: Callable[[JournalCounter, SoldOutFlags, WarmUp, Catalog, Clock], Stock] = TicketStock,
    journal: Callable[..., Journal] = Journal,
    ledger: Callable[..., BatchLedger] = BatchLedger,
    drain: Callable[[Journal, JournalCounter, BatchLedger], Drain] = Drain,
) -> Shop:
    rules = Rules(b.stock, b.keys)
    shop = s07.create_shop(b, counter=counter, stock=stock, journal=journal, ledger=ledger, drain=drain)
    counting = gate(limiter(b.stock, b.keys, rules))
    return replace(shop, buy=partial(counting, proceed=shop.buy), limits=rules)


def create_app() -> Flask:
    return behind_edge(web.create_app("s08_rate_limits", create_shop))
