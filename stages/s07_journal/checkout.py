"""The buy path of s07: reserve, which writes ticket and record as well, and answer. One round trip."""

from __future__ import annotations

from common.database import Sql
from common.shop import Attempt, Outcome, Stock, Ticket, Tickets
from stages.s05_redis_stock.ledger import find_order
from stages.s06_queue.tickets import ticket_id


class JournalCheckout:
    """Answers with a ticket as soon as the units are set aside; a consumer of the journal writes the order.

    Guarantees that what is set aside is in the journal, wherever a process dies: there is nothing left to do
    but to answer. The same press gets the same ticket. Diff this file with s06's: that is the lesson.
    """

    def __init__(self, stock: Stock, tickets: Tickets, sql: Sql) -> None:
        self._stock = stock
        self._tickets = tickets
        self._sql = sql

    def __call__(self, attempt: Attempt) -> Outcome:
        reservation = self._stock.reserve(attempt)
        if reservation.token == attempt.id:
            return Ticket(ticket_id(reservation), attempt.sale_id, attempt.buyer_id, "queued")
        ticket = self._tickets.get(ticket_id(reservation))
        if ticket is None:  # forgotten long ago, which only happens to those that were ordered
            with self._sql() as db:
                return find_order(db, reservation.attempt)
        return ticket
