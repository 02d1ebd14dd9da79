"""Orders in MariaDB: what Redis let through is written, and guarded once more."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from pymysql import MySQLError
from pymysql.err import IntegrityError

from common.backends import Clock
from common.catalog import find_sale
from common.database import Db, Sql
from common.ids import new_id
from common.orders import order_of
from common.shop import Attempt, Busy, Invalid, NoSuchSale, Order, Refused, Reservation
from stages.s02_guarded_update.checkout import count_purchase, take_stock
from stages.s02_guarded_update.retry import TRY_AGAIN, retrying

log = logging.getLogger(__name__)


class GuardedLedger:
    """A `Ledger` that places one order for each press, with s02's guards as the last line.

    Guarantees, whatever Redis said, what s02 guarantees; and that a press has one order, however often it is
    placed. A `Refused` that is returned means that nothing was written. An exception that is raised means
    that nobody knows: the reply to COMMIT was lost, and only placing the same press again will tell.
    """

    def __init__(self, sql: Sql, clock: Clock) -> None:
        self._sql = sql
        self._clock = clock
        self._place = retrying(self._place_once)

    def place(self, batch: Sequence[Reservation]) -> list[Order | Refused]:
        return [self._place_or_refuse(reservation.attempt) for reservation in batch]

    def _place_or_refuse(self, attempt: Attempt) -> Order | Refused:
        try:
            order = self._place(attempt)
        except Refused as refused:
            return refused
        assert isinstance(order, Order)
        return order

    def _place_once(self, attempt: Attempt) -> Order:
        may_be_sold = False
        try:
            with self._sql() as db:
                now = self._clock()
                sale = find_sale(db, attempt.sale_id)  # for price and limit; decides nothing about the stock
                if sale is None:
                    raise NoSuchSale
                try:
                    with db.transaction():
                        order = insert_order(db, attempt, sale.price_cents, now)
                        count_purchase(db, attempt, sale.buyer_limit)
                        take_stock(db, attempt, now)
                        may_be_sold = True  # from the moment that COMMIT is sent
                except IntegrityError:  # the same press, placed before
                    may_be_sold = True
                    return find_order(db, attempt)
        except MySQLError as error:
            if may_be_sold or error.args[0] in TRY_AGAIN:
                raise
            log.exception("order not written")
            raise Busy("The database did not take the order; nothing was sold") from error
        return order


def find_order(db: Db, attempt: Attempt) -> Order:
    """The order of this press."""
    row = db.one(
        "SELECT * FROM orders WHERE sale_id = %s AND buyer_id = %s AND request_key = %s",
        attempt.sale_id,
        attempt.buyer_id,
        attempt.key,
    )
    if row is None or row["quantity"] != attempt.quantity:
        raise Invalid("Idempotency-Key", "was sent before with another quantity; use a new one")
    return order_of(row)


def insert_order(db: Db, attempt: Attempt, price_cents: int, now: datetime) -> Order:
    """Write the order together with the key of its press.

    First of all writes: the same press sent again waits here for the one before it, and then finds its order,
    instead of being told that its own purchase has used up the limit.
    """
    order = Order(
        new_id(), attempt.sale_id, attempt.buyer_id, attempt.quantity, price_cents, "placed", created_at=now
    )
    db.run(
        "INSERT INTO orders (id, sale_id, buyer_id, quantity, price_cents, status, created_at, request_key)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        *vars(order).values(),
        attempt.key,
    )
    return order
