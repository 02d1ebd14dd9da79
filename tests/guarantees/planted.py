"""Bugs that somebody might put into a stage tomorrow. Each must be caught by the cell that is there."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from common.backends import Backends
from common.catalog import find_sale
from common.database import Db
from common.shop import Attempt, LimitReached, NoSuchSale, Order, Sale, Shop
from stages.s01_naive.checkout import insert_order
from stages.s02_guarded_update.checkout import GuardedCheckout, count_purchase, take_stock
from stages.s03_cache import app as s03
from stages.s03_cache.catalog import CachedCatalog
from stages.s03_cache.shared import SharedCache
from stages.s10_degradation import app as s10
from stages.s10_degradation.shedding import AdaptiveLimit


class GuardDropped(GuardedCheckout):
    """s02 without `AND stock >= %s`."""

    def _place(self, db: Db, attempt: Attempt) -> Order:
        sale = _sale(db, attempt)
        with db.transaction():
            count_purchase(db, attempt, sale.buyer_limit)
            order = insert_order(db, attempt, sale.price_cents, self._clock())
            db.run("UPDATE sales SET stock = stock - %s WHERE id = %s", attempt.quantity, sale.id)
        return order


class LimitOutside(GuardedCheckout):
    """s02 with the limit looked up before the transaction, and only counted inside it."""

    def _place(self, db: Db, attempt: Attempt) -> Order:
        sale = _sale(db, attempt)
        row = db.one(
            "SELECT bought FROM purchases WHERE sale_id = %s AND buyer_id = %s", sale.id, attempt.buyer_id
        )
        if (row["bought"] if row else 0) + attempt.quantity > sale.buyer_limit:
            raise LimitReached
        with db.transaction():
            db.run(
                "INSERT INTO purchases VALUES (%s, %s, %s)"
                " ON DUPLICATE KEY UPDATE bought = bought + VALUES(bought)",
                sale.id,
                attempt.buyer_id,
                attempt.quantity,
            )
            order = insert_order(db, attempt, sale.price_cents, self._clock())
            take_stock(db, attempt, self._clock())
        return order


class CommitBeforeInsert(GuardedCheckout):
    """s02 that commits limit and stock, and writes the order afterwards."""

    def _place(self, db: Db, attempt: Attempt) -> Order:
        sale = _sale(db, attempt)
        with db.transaction():
            count_purchase(db, attempt, sale.buyer_limit)
            take_stock(db, attempt, self._clock())
        return insert_order(db, attempt, sale.price_cents, self._clock())


def _sale(db: Db, attempt: Attempt) -> Sale:
    sale = find_sale(db, attempt.sale_id)
    if sale is None:
        raise NoSuchSale
    return sale


class PutsBackTheOld(SharedCache):
    """s03's shared cache without versions: what was read before a drop is stored after it."""

    def _fill(self, name, token, version, load):  # type: ignore[no-untyped-def]
        value = load()
        _, now, _ = self._look(keys=self._names(name), args=[token, 1])
        return super()._fill(name, token, now, lambda: value)


class ForgetsNoSuchSale(CachedCatalog):
    """s03 that caches only what exists, and asks the database for every id that does not."""

    def get(self, sale_id: int) -> Sale | None:
        return super().get(sale_id) or self._source.get(sale_id)


def s03_without_versions(b: Backends) -> Shop:
    return s03.create_shop(b, shared=partial(PutsBackTheOld, ttl=3600))


def s03_without_null_caching(b: Backends) -> Shop:
    return s03.create_shop(b, catalog=ForgetsNoSuchSale)


def s03_that_tells_nobody(b: Backends) -> Shop:
    return replace(s03.create_shop(b, shared=partial(SharedCache, ttl=3600)), listeners=())


class NeverFull(AdaptiveLimit):
    """s10's limit, which counts who is under way, and has room for everybody."""

    def enter(self, spare: int = 0) -> bool:
        with self._lock:
            self._under_way += 1
        return True


def s10_without_a_guard_before_redis(b: Backends) -> Shop:
    """The budget is opened, and nobody asks it how long to wait."""
    shop, pool = s10.create_shop(b), b.stock.connection_pool
    pool.connection_class = pool.connection_class.__mro__[2]
    return shop
