"""Two other right answers. Optional reading; run them with `./seckill up s02 --with checkout=…`."""

from __future__ import annotations

import random
import time

from common.catalog import find_sale, sale_of
from common.database import Db
from common.shop import Attempt, Busy, NoSuchSale, Order, SoldOut
from stages.s01_naive.checkout import insert_order
from stages.s02_guarded_update.checkout import GuardedCheckout, count_purchase


class RowLockCheckout(GuardedCheckout):
    """Pessimistic: `SELECT … FOR UPDATE` first, then look and act undisturbed.

    Guarantees what `GuardedCheckout` guarantees. Holds the hot row's lock over three round trips more, so
    every buyer waits longer. Under autocommit the lock would end with the SELECT: it needs the transaction.
    """

    def _place(self, db: Db, attempt: Attempt) -> Order:
        now = self._clock()
        with db.transaction():
            row = db.one("SELECT * FROM sales WHERE id = %s FOR UPDATE", attempt.sale_id)
            if row is None:
                raise NoSuchSale
            sale = sale_of(row)
            sale.check_open(now)
            if sale.stock < attempt.quantity:
                raise SoldOut
            count_purchase(db, attempt, sale.buyer_limit)
            order = insert_order(db, attempt, sale.price_cents, now)
            db.run(
                "UPDATE sales SET stock = %s WHERE id = %s", sale.stock - attempt.quantity, attempt.sale_id
            )
        return order


class Outrun(Exception):
    """Somebody else changed the row between our look and our act."""


class OptimisticCheckout(GuardedCheckout):
    """Optimistic: look without a lock, act only if the stock is still what was seen, else look again.

    Guarantees what `GuardedCheckout` guarantees. Does not guarantee progress under contention: of n buyers
    who saw the same stock one wins and n-1 worked for nothing, so after `TRIES` it gives up as `Busy`.
    """

    TRIES = 8
    FIRST_PAUSE = 0.002  # seconds

    def _place(self, db: Db, attempt: Attempt) -> Order:
        for failures in range(self.TRIES):
            try:
                return self._try(db, attempt)
            except Outrun:
                time.sleep(random.uniform(0, self.FIRST_PAUSE * 2**failures))
        raise Busy("Too many buyers at once; nothing was taken")

    def _try(self, db: Db, attempt: Attempt) -> Order:
        now = self._clock()
        sale = find_sale(db, attempt.sale_id)
        if sale is None:
            raise NoSuchSale
        sale.check_open(now)
        if sale.stock < attempt.quantity:
            raise SoldOut
        with db.transaction():
            count_purchase(db, attempt, sale.buyer_limit)
            order = insert_order(db, attempt, sale.price_cents, now)
            seen = "stock = %s AND version = %s AND state = 'published'"
            if not db.run(
                f"UPDATE sales SET stock = stock - %s WHERE id = %s AND {seen}",  # noqa: S608
                attempt.quantity,
                attempt.sale_id,
                sale.stock,
                sale.version,
            ):
                raise Outrun
        return order
