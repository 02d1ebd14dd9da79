"""What does not even work for one buyer at a time. A foil is a wrong variant that the proofs must notice."""

from __future__ import annotations

from common.catalog import find_sale
from common.database import Db
from common.shop import Attempt, NoSuchSale, Order, SoldOut
from stages.s01_naive.checkout import NaiveCheckout, insert_order


class SellsOneTooMany(NaiveCheckout):
    """Off by one: asks for `stock >= 0` where `stock >= quantity` is meant. A stock of 10 sells 11.

    Found in public seckill projects, most often inside a Lua script.
    """

    def _place(self, db: Db, attempt: Attempt) -> Order:
        sale = find_sale(db, attempt.sale_id)
        if sale is None:
            raise NoSuchSale
        if sale.stock < 0:
            raise SoldOut
        db.run("UPDATE sales SET stock = %s WHERE id = %s", sale.stock - attempt.quantity, sale.id)
        return insert_order(db, attempt, sale.price_cents, self._clock())
