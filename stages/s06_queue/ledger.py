"""Orders in MariaDB, written by a job that may run twice: what becomes of a ticket is decided once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from pymysql.err import IntegrityError

from common.catalog import find_sale
from common.database import Db, Sql
from common.shop import Attempt, Busy, NoSuchSale, Order, Refused, refusal
from stages.s02_guarded_update.checkout import count_purchase, take_stock
from stages.s02_guarded_update.retry import retrying
from stages.s05_redis_stock.ledger import find_order, insert_order
from stages.s06_queue.counter import Claim
from stages.s06_queue.tickets import ticket_id


class TicketLedger:
    """Decides about tickets: an order, or a refusal that no later run can turn into one.

    Guarantees what s05's ledger guarantees, and that all runs of a job are told the same, one that was
    believed dead and was only slow too: the first decision to be committed stands. An exception means that
    nothing is known to be decided, and that the job has to run again. The window counts at the time of the
    press: who pressed in time is in time, however long the queue was.
    """

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def place(self, batch: Sequence[Claim]) -> list[Order | Refused]:
        return [self._place(claim) for claim in batch]

    def refuse(self, claim: Claim, refused: Refused) -> Order | Refused:
        """`refused`, unless another run has decided before."""
        with self._sql() as db:
            try:
                decide(db, claim, problem=refused.type)
            except IntegrityError:
                return decided(db, claim)
        return refused

    def _place(self, claim: Claim) -> Order | Refused:
        try:
            order = retrying(partial(self._place_once, claim))(claim.attempt)
        except Busy:
            raise  # says nothing about this order, but that its time has not come
        except Refused as refused:
            return self.refuse(claim, refused)
        assert isinstance(order, Order)
        return order

    def _place_once(self, claim: Claim, attempt: Attempt) -> Order:
        with self._sql() as db:
            sale = find_sale(db, attempt.sale_id)
            if sale is None:
                raise NoSuchSale
            try:
                with db.transaction():
                    order = insert_order(db, attempt, sale.price_cents, claim.at)
                    decide(db, claim, order_id=order.id)
                    count_purchase(db, attempt, sale.buyer_limit)
                    take_stock(db, attempt, claim.at)
            except IntegrityError:
                outcome = decided(db, claim)
                if isinstance(outcome, Refused):
                    raise outcome from None
                return outcome
        return order


def decide(db: Db, claim: Claim, order_id: str | None = None, problem: str | None = None) -> None:
    """`IntegrityError` when it has been decided before. Waits for another run that is deciding."""
    db.run(
        "INSERT INTO decisions (ticket, order_id, problem, decided_at) VALUES (%s, %s, %s, UTC_TIMESTAMP(3))",
        ticket_id(claim),
        order_id,
        problem,
    )


def decided(db: Db, claim: Claim) -> Order | Refused:
    """What another run decided."""
    row = db.one("SELECT problem FROM decisions WHERE ticket = %s", ticket_id(claim))
    return refusal(row["problem"]) if row and row["problem"] else find_order(db, claim.attempt)
