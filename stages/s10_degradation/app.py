"""s10: the shop of s08, in which nobody waits for long: neither for a server, nor for who came before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Flask

from common import web
from common.backends import Backends
from common.shop import Shop, Stock
from stages.s04_static_edge.origin import behind_edge
from stages.s07_journal.counter import JournalCounter
from stages.s07_journal.journal import Journal
from stages.s07_journal.ledger import BatchLedger
from stages.s08_rate_limits import app as before
from stages.s08_rate_limits.limiter import Limiter, SlidingLog
from stages.s10_degradation.breaker import Breaker
from stages.s10_degradation.budget import TimeBudget, in_time
from stages.s10_degradation.bulkhead import Bulkhead
from stages.s10_degradation.fallback import LastKnownCatalog
from stages.s10_degradation.gates import Apart, InTime, Switched, through
from stages.s10_degradation.guard import protect
from stages.s10_degradation.shedding import AdaptiveLimit, Shedding
from stages.s10_degradation.stock import PatientStock
from stages.s10_degradation.switches import LiveSwitches


def create_shop(
    b: Backends,
    *,
    budget: Callable[..., TimeBudget] = TimeBudget,
    breaker: Callable[..., Breaker] = Breaker,
    bulkhead: Callable[[int], Bulkhead] = Bulkhead,
    adaptive: Callable[..., AdaptiveLimit] = AdaptiveLimit,
    switches: Callable[..., LiveSwitches] = LiveSwitches,
    limiter: Callable[..., Limiter] = SlidingLog,
    counter: Callable[..., JournalCounter] = JournalCounter,
    stock: Callable[..., Stock] = PatientStock,
    journal: Callable[..., Journal] = Journal,
    ledger: Callable[..., BatchLedger] = BatchLedger,
) -> Shop:
    parts: dict[str, Any] = {"limiter": limiter, "counter": counter, "stock": stock}
    parts |= {"journal": journal, "ledger": ledger}
    time, threads = budget(b.clock), b.settings.web_threads
    servers = protect(b, time, breaker, places=bulkhead(threads))
    shop, live = before.create_shop(b, **parts), switches(b.stock, b.keys, time)
    known = LastKnownCatalog(shop.catalog, b.clock, time, breaker(b.clock, failures=1))
    first = InTime(time), Switched(live, b.stock, b.keys), Apart(bulkhead(threads))
    buy = through([*first, Shedding(time, adaptive(b.clock, threads))], shop.buy)
    services = {**shop.services, "switches": live}
    return replace(shop, catalog=known, buy=buy, switches=live, silent=servers.silent, services=services)


def create_app() -> Flask:
    return in_time(behind_edge(web.create_app("s10_degradation", create_shop)))
