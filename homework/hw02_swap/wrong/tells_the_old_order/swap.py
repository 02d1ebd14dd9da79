"""hw02: change the size. An order for size M becomes an order for size L, while everybody else is buying."""

from __future__ import annotations

from common.database import Db, Sql
from common.orders import order_of
from common.shop import Invalid, NoSuchSale, Order, Refused, SoldOut


class NoSuchOrder(Refused):
    """This buyer has no such order. Another buyer's order is the same as none."""

    type, status, title = "not_found", 404, "No such order"


class AlreadySwapped(Refused):
    """The order has been swapped since we looked at it."""

    type, title = "already_swapped", "Already swapped"


class Swap:
    """Moves an order to another sale: its units go back to the one, and are taken from the other.

    Guarantees, in any interleaving with other swaps, that no sale sells more than it has, that every unit is
    sold or buyable, and that nobody deadlocks. Does not look at limits and prices.
    """

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def __call__(self, order_id: str, buyer_id: int, to_sale: int) -> Order:
        """Swap it; the order as it is now. Raises NoSuchOrder, Invalid, SoldOut or AlreadySwapped."""
        with self._sql() as db:
            row = db.one("SELECT * FROM orders WHERE id = %s AND buyer_id = %s", order_id, buyer_id)
            if row is None:
                raise NoSuchOrder
            order = order_of(row)
            if order.sale_id == to_sale:
                raise Invalid("to_sale", "that is the size you have")
            with db.transaction():
                move(db, order, to_sale)
        return order


def move(db: Db, order: Order, to_sale: int) -> None:
    """The order's row first: of two swaps of one order the second finds it gone. Then the sales, by number,
    whatever the direction: two swaps that lock in the same order cannot wait for each other in a ring."""
    moved = db.run(
        "UPDATE orders SET sale_id = %s WHERE id = %s AND sale_id = %s", to_sale, order.id, order.sale_id
    )
    if not moved:
        raise AlreadySwapped
    for sale_id in sorted((order.sale_id, to_sale)):
        add(db, sale_id, -order.quantity if sale_id == to_sale else order.quantity)


def add(db: Db, sale_id: int, units: int) -> None:
    """Put units back, or take them if that many are left."""
    if not db.run(
        "UPDATE sales SET stock = stock + %s WHERE id = %s AND stock + %s >= 0", units, sale_id, units
    ):
        if db.one("SELECT 1 FROM sales WHERE id = %s", sale_id) is None:
            raise NoSuchSale
        raise SoldOut


