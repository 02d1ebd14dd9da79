"""Facts: all that the oracle judges by, read from the database with SQL of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from common.catalog import find_sale
from common.database import Db
from common.orders import order_of
from common.proof.history import Told
from common.shop import Order, Sale

ENDED = {
    "cancelled",
    "expired",
}  # in these statuses an order's units are nobody's; in any other they are sold


@dataclass(frozen=True)
class Facts:
    """All that the oracle knows of one sale: its row, its orders, and what each buyer was told.

    `at_rest` says that nothing is under way any more. While an attempt may still be running, nothing can be
    called kept, and units on their way look like lost ones.
    """

    sale: Sale
    orders: Sequence[Order]
    history: Sequence[Told]
    at_rest: bool = True

    @cached_property
    def sold(self) -> int:
        """Units in live orders."""
        return sum(self.bought.values())

    @cached_property
    def bought(self) -> Counter[int]:
        """Units in live orders, by buyer."""
        units: Counter[int] = Counter()
        for order in self.orders:
            units[order.buyer_id] += 0 if order.status in ENDED else order.quantity
        return units

    @property
    def oversold(self) -> int:
        return max(0, self.sold - self.sale.initial)

    @cached_property
    def over_limit(self) -> dict[int, int]:
        """Units by buyer, of those who own more than the limit; the worst first."""
        return {buyer: n for buyer, n in self.bought.most_common() if n > self.sale.buyer_limit}

    @cached_property
    def missing(self) -> list[Told]:
        """Attempts that were told of an order which does not exist."""
        ids = {order.id for order in self.orders}
        return [told for told in self.history if told.outcome == "accepted" and told.order_id not in ids]


def load(db: Db, sale_id: int, history: Sequence[Told], *, at_rest: bool) -> Facts:
    """The facts of one sale, from one snapshot of its database. `LookupError` when there is no such sale."""
    with db.transaction():
        sale = find_sale(db, sale_id)
        rows = db.all("SELECT * FROM orders WHERE sale_id = %s ORDER BY id", sale_id)
    if sale is None:
        raise LookupError(f"there is no sale {sale_id} to judge")
    return Facts(sale, [order_of(row) for row in rows], history, at_rest)
