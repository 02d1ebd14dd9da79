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
        # TODO: Write me. One `with self._sql() as db:` around it all, and `db.transaction()` inside it.
        raise NotImplementedError
