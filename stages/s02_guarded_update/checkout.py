"""The buy path of s02: the same four questions, two of them asked by the statement that takes.

Diff this file with s01's: that is the lesson.
"""

from __future__ import annotations

from datetime import datetime

from common.backends import Clock
from common.catalog import find_sale
from common.database import Db, Sql
from common.shop import Attempt, LimitReached, NoSuchSale, Order, SoldOut
from stages.s01_naive.checkout import insert_order


class GuardedCheckout:
    """Takes only what the guard in the statement allows, in one short transaction.

    Guarantees that no two attempts, in any interleaving and across processes, sell more units than there are
    or give a buyer more than the limit; that a crash at any point takes all of an order or nothing. Does not
    guarantee speed: every buyer of a sale waits for the same row. A lost reply to COMMIT leaves the caller
    not knowing whether the order was placed.
    """

    def __init__(self, sql: Sql, clock: Clock) -> None:
        self._sql = sql
        self._clock = clock

    def __call__(self, attempt: Attempt) -> Order:
        with self._sql() as db:
            return self._place(db, attempt)

    def _place(self, db: Db, attempt: Attempt) -> Order:
        now = self._clock()
        sale = find_sale(db, attempt.sale_id)  # for price and limit; decides nothing about the stock
        if sale is None:
            raise NoSuchSale
        sale.check_open(now)

        with db.transaction():
            count_purchase(db, attempt, sale.buyer_limit)
            order = insert_order(db, attempt, sale.price_cents, now)
            take_stock(db, attempt, now)  # the hot row last: everybody waits for it, so hold it shortest
        return order


def count_purchase(db: Db, attempt: Attempt, limit: int) -> None:
    """Add to what the buyer owns, or raise `LimitReached`. One statement, whether the row exists or not.

    The limit comes as a value. Joining the sale's row here would lock it early, and in another order than
    `take_stock` does: a deadlock.
    """
    if attempt.quantity > limit:
        raise LimitReached
    changed = db.run(
        "INSERT INTO purchases (sale_id, buyer_id, bought) VALUES (%s, %s, %s)"
        " ON DUPLICATE KEY UPDATE bought = bought + IF(bought + VALUES(bought) <= %s, VALUES(bought), 0)",
        attempt.sale_id,
        attempt.buyer_id,
        attempt.quantity,
        limit,
    )
    if not changed:
        raise LimitReached


def take_stock(db: Db, attempt: Attempt, now: datetime) -> None:
    """Take the units if that many are left and the sale still sells; otherwise raise, saying why not."""
    taken = db.run(
        "UPDATE sales SET stock = stock - %s"
        " WHERE id = %s AND stock >= %s AND state = 'published' AND opens_at <= %s AND closes_at > %s",
        attempt.quantity,
        attempt.sale_id,
        attempt.quantity,
        now,
        now,
    )
    if not taken:
        sale = find_sale(db, attempt.sale_id)
        if sale is not None:
            sale.check_open(now)
        raise SoldOut
