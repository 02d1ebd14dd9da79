"""What does not help. A foil is a wrong variant that the proofs plug in to show that they would notice."""

from __future__ import annotations

import logging
from typing import Any

from pymysql import MySQLError
from redis import Redis, RedisError

from common.backends import Keys
from common.shop import Attempt, Order, Refused, Reservation, TicketState
from stages.s05_redis_stock.ledger import GuardedLedger
from stages.s06_queue.counter import Claim, TicketCounter
from stages.s06_queue.job import PlaceOrder
from stages.s06_queue.ledger import TicketLedger
from stages.s06_queue.queue import OrderQueue

log = logging.getLogger(__name__)


class Unbounded(TicketCounter):
    """Counts no places: the bound is left to the queue."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        super().__init__(redis, keys, most=1_000_000)


class LooksAtTheLength(OrderQueue):
    """Asks how long the queue is, then puts: s01's mistake once more. To be used with `Unbounded`.

    Everybody who asks before anybody puts finds a place, so the queue grows with the number of web threads.
    """

    most = 3

    def put(self, ticket: str) -> None:
        if self._queue.count >= self.most:
            raise RedisError("the queue is full")
        super().put(ticket)


class LeavesItToTheOther(PlaceOrder):
    """Does not touch a ticket that is being worked on: "somebody is at it".

    That somebody may have been killed. Its job is run again, finds its own traces, and goes away.
    """

    def run(self, payload: dict[str, Any]) -> None:
        claim = self._counter.start(payload["ticket"])
        if claim is not None and claim.runs == 1:
            self._counter.finish(claim, "working", self._decide(claim))


class SwallowsErrors(PlaceOrder):
    """Logs what went wrong and goes on, so the queue takes the job for done. Nobody will run it again."""

    def run(self, payload: dict[str, Any]) -> None:
        try:
            super().run(payload)
        except MySQLError as error:
            log.warning("an order was not written: %s", error)


class KeepsTheUnits(TicketCounter):
    """Refuses the ticket, and forgets what it held: the unit is neither sold nor buyable."""

    def finish(self, reservation: Reservation, from_: TicketState, outcome: Order | Refused) -> bool:
        if isinstance(outcome, Order):
            return super().finish(reservation, from_, outcome)
        key = self.name(reservation.attempt.sale_id, f"ticket:{reservation.token}")
        self.redis.hset(key, mapping={"state": "refused", "problem": outcome.type})
        return bool(self.redis.srem(self.name(reservation.attempt.sale_id, "open"), reservation.token))


class DecidesEachTime(TicketLedger):
    """Trusts the key of the press alone, which only an order has: a refusal leaves nothing behind.

    A run that was believed dead may then write the order after another run has refused it.
    """

    def refuse(self, claim: Claim, refused: Refused) -> Order | Refused:  # noqa: ARG002 - that is the mistake
        return refused

    def _place_once(self, claim: Claim, attempt: Attempt) -> Order:
        return GuardedLedger(self._sql, lambda: claim.at)._place_once(attempt)
