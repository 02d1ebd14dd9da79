"""Reading orders. (Writing them is the stages' business.)"""

from __future__ import annotations

from dataclasses import fields

from common.database import Row, Sql
from common.shop import Order

FIELDS = [field.name for field in fields(Order)]


class Orders:
    """A buyer's own orders. Another buyer's order is the same as none: nobody learns that it exists."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def of(self, buyer_id: int, limit: int = 100) -> list[Order]:
        """The newest first."""
        with self._sql() as db:
            rows = db.all(
                "SELECT * FROM orders WHERE buyer_id = %s ORDER BY id DESC LIMIT %s", buyer_id, limit
            )
        return [order_of(row) for row in rows]

    def get(self, buyer_id: int, order_id: str) -> Order | None:
        with self._sql() as db:
            row = db.one("SELECT * FROM orders WHERE id = %s AND buyer_id = %s", order_id, buyer_id)
        return order_of(row) if row else None


def order_of(row: Row) -> Order:
    """The `Order` in a row of `orders`. Columns that a later stage adds are not its business."""
    return Order(**{name: row[name] for name in FIELDS})
