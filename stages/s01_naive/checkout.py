"""The buy path of s01: four round trips to MariaDB, and room for anybody between any two of them."""

from __future__ import annotations

from datetime import datetime

from common.backends import Clock
from common.catalog import sale_of
from common.database import Db, Sql
from common.ids import new_id
from common.shop import Attempt, LimitReached, NoSuchSale, Order, SoldOut


class NaiveCheckout:
    """Looks first, takes afterwards.

    Guarantees stock and limit for one buyer at a time. Does not guarantee anything for two: both may look
    before either takes, and whoever writes last erases what the other one took.
    """

    def __init__(self, sql: Sql, clock: Clock) -> None:
        self._sql = sql
        self._clock = clock

    def __call__(self, attempt: Attempt) -> Order:
        with self._sql() as db:
            return self._place(db, attempt)

    def _place(self, db: Db, attempt: Attempt) -> Order:
        now = self._clock()

        row = db.one("SELECT * FROM sales WHERE id = %s", attempt.sale_id)
        if row is None:
            raise NoSuchSale
        sale = sale_of(row)
        sale.check_open(now)
        if sale.stock < attempt.quantity:
            raise SoldOut

        mine = db.one(
            "SELECT COALESCE(SUM(quantity), 0) AS bought FROM orders WHERE sale_id = %s AND buyer_id = %s",
            attempt.sale_id,
            attempt.buyer_id,
        )
        if mine and mine["bought"] + attempt.quantity > sale.buyer_limit:
            raise LimitReached

        left = sale.stock - attempt.quantity
        # Anyone may come here. What they take, the next line gives back.
        db.run("UPDATE sales SET stock = %s WHERE id = %s", left, attempt.sale_id)

        return insert_order(db, attempt, sale.price_cents, now)


def insert_order(db: Db, attempt: Attempt, price_cents: int, now: datetime) -> Order:
    """Write the order, at the price of the sale row: never at one that the buyer sent."""
    order = Order(
        id=new_id(),
        sale_id=attempt.sale_id,
        buyer_id=attempt.buyer_id,
        quantity=attempt.quantity,
        price_cents=price_cents,
        status="placed",
        created_at=now,
    )
    db.run(
        "INSERT INTO orders (id, sale_id, buyer_id, quantity, price_cents, status, created_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        order.id,
        order.sale_id,
        order.buyer_id,
        order.quantity,
        order.price_cents,
        order.status,
        order.created_at,
    )
    return order
