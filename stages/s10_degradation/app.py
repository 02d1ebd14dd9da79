"""s10: the shop of s09, in which nobody waits for long: neither for a server, nor for who came before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from flask import Flask
from redis import Redis

from common import web
from common.backends import Backends, Keys
from common.shop import Shop
from stages.s04_static_edge.origin import behind_edge
from stages.s05_redis_stock.upkeep import CatchUp
from stages.s07_journal.counter import JournalCounter
from stages.s08_rate_limits.limiter import Limiter, SlidingLog
from stages.s08_rate_limits.rules import Rules
from stages.s09_permits import app as s09
from stages.s09_permits.counter import PermitCounter
from stages.s10_degradation.breaker import Breaker
from stages.s10_degradation.budget import TimeBudget, in_time
from stages.s10_degradation.bulkhead import Bulkhead
from stages.s10_degradation.fallback import LastKnownCatalog, LenientWatch
from stages.s10_degradation.gates import Apart, InTime, Switched, through
from stages.s10_degradation.guard import protect
from stages.s10_degradation.shedding import AdaptiveLimit, DoorInTime, Shedding
from stages.s10_degradation.switches import LiveSwitches
from stages.s10_degradation.upkeep import KeepWarm


def create_shop(
    b: Backends,
    *,
    budget: Callable[..., TimeBudget] = TimeBudget,
    breaker: Callable[..., Breaker] = Breaker,
    bulkhead: Callable[[int], Bulkhead] = Bulkhead,
    adaptive: Callable[..., AdaptiveLimit] = AdaptiveLimit,
    switches: Callable[..., LiveSwitches] = LiveSwitches,
    limiter: Callable[[Redis, Keys, Rules], Limiter] = SlidingLog,
    counter: Callable[..., PermitCounter] = PermitCounter,
) -> Shop:
    time, threads = budget(b.clock), b.settings.web_threads
    servers = protect(b, time, breaker, places=bulkhead(threads))
    remembered = partial(LastKnownCatalog, clock=b.clock, budget=time, breaker=breaker(b.clock, failures=1))
    shop = s09.create_shop(b, watch=LenientWatch, limiter=limiter, counter=counter, catalog=remembered)
    live, shedding = switches(b.stock, b.keys, time), Shedding(time, adaptive(b.clock, threads))
    gates = InTime(time), shedding, Switched(live, b.stock, b.keys), Apart(bulkhead(threads))
    catch_up = CatchUp(shop.catalog, JournalCounter(b.stock, b.keys))  # visitors wait for its reading, too
    warm = KeepWarm(shop.catalog, b.sql, b.stock, b.keys)
    services = {**shop.services, "catch-up": catch_up, "switches": live, "warm": warm}
    door = DoorInTime(shop.door, time, shedding) if shop.door else None
    buy = through(gates, shop.buy)
    return replace(shop, buy=buy, door=door, switches=live, silent=servers.silent, services=services)


def create_app() -> Flask:
    return in_time(behind_edge(web.create_app("s10_degradation", create_shop)))
