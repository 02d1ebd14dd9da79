"""s09: the shop of s08, and before it a door: who has a permit may press."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from flask import Flask
from redis import Redis

from common import web
from common.backends import Backends, Keys
from common.shop import Catalog, Shop
from stages.s04_static_edge.origin import behind_edge
from stages.s07_journal.journal import Journal
from stages.s07_journal.upkeep import WarmUp
from stages.s08_rate_limits import app as s08
from stages.s08_rate_limits.limiter import Limiter, SlidingLog
from stages.s08_rate_limits.rules import Rules
from stages.s09_permits.accounts import Accounts
from stages.s09_permits.challenge import Challenges
from stages.s09_permits.counter import PermitCounter
from stages.s09_permits.door import PermitDoor
from stages.s09_permits.keeper import Keeper
from stages.s09_permits.office import Office
from stages.s09_permits.permits import Permits
from stages.s09_permits.places import Places
from stages.s09_permits.signing import Keyring
from stages.s09_permits.watch import Watch


def create_shop(
    b: Backends,
    *,
    watch: Callable[[Keeper, Accounts], Watch] = Watch,
    challenges: Callable[[Keyring], Challenges] = Challenges,
    permits: Callable[[Keyring], Permits] = Permits,
    places: Callable[[Redis, Keys], Places] = Places,
    limiter: Callable[[Redis, Keys, Rules], Limiter] = SlidingLog,
    counter: Callable[..., PermitCounter] = PermitCounter,
    catalog: Callable[[Catalog], Catalog] = lambda sales: sales,
) -> Shop:
    keyring, keeper = Keyring(*b.settings.secret_keys), Keeper(b.stock, b.keys)
    signed = permits(keyring)
    counted = partial(counter, permits=signed)
    shop = s08.create_shop(b, limiter=limiter, counter=counted)
    sales = catalog(shop.catalog)
    warm_up = WarmUp(b.sql, counted(b.stock, b.keys), Journal(b.stock, b.keys))
    office = Office(signed, places(b.stock, b.keys), warm_up, sales)
    door = PermitDoor(watch(keeper, Accounts(b.sql)), challenges(keyring), office, b.clock)
    return replace(shop, catalog=sales, door=door, doorkeeper=keeper)


def create_app() -> Flask:
    return behind_edge(web.create_app("s09_permits", create_shop))
