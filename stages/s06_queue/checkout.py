"""The buy path of s06: reserve with a ticket, put the ticket into the queue, answer. No SQL."""

from __future__ import annotations

import logging

from redis import RedisError

from common.database import Sql
from common.shop import Attempt, Busy, Outcome, Reservation, Stock, Ticket, Tickets
from stages.s05_redis_stock.ledger import find_order
from stages.s06_queue.counter import TicketCounter
from stages.s06_queue.queue import OrderQueue
from stages.s06_queue.tickets import ticket_id

log = logging.getLogger(__name__)


class QueuedCheckout:
    """Answers with a ticket as soon as the units are set aside; a worker writes the order.

    Guarantees that the ticket is there before its job, so that no worker can be too early for it; that the
    same press gets the same ticket, and its job if that was never put; that what could not be put into the
    queue is on sale again. Does not survive a crash between reservation and queue: nobody works on the ticket
    until the same press comes again, and never if it does not (s07).
    """

    def __init__(
        self, stock: Stock, counter: TicketCounter, tickets: Tickets, queue: OrderQueue, sql: Sql
    ) -> None:
        self._stock = stock
        self._counter = counter
        self._tickets = tickets
        self._queue = queue
        self._sql = sql

    def __call__(self, attempt: Attempt) -> Outcome:
        reservation = self._stock.reserve(attempt)
        if reservation.token != attempt.id:
            return self._answer_again(reservation)
        return self._put(
            Ticket(ticket_id(reservation), attempt.sale_id, attempt.buyer_id, "queued"), reservation
        )

    def _answer_again(self, reservation: Reservation) -> Outcome:
        ticket = self._tickets.get(ticket_id(reservation))
        if ticket is None:  # forgotten long ago, which only happens to those that were ordered
            with self._sql() as db:
                return find_order(db, reservation.attempt)
        return self._put(ticket, reservation) if ticket.state == "queued" else ticket

    def _put(self, ticket: Ticket, reservation: Reservation) -> Ticket:
        try:
            self._queue.put(ticket.id)
        except RedisError as error:
            log.warning("ticket %s did not get into the queue: %s", ticket.id, error)
            refusal = Busy("The queue did not take the order; nothing was taken")
            # Perhaps only the reply was lost, and the job is there. A worker that has begun keeps the ticket.
            if self._counter.finish(reservation, "queued", refusal):
                raise refusal from error
        return ticket
