"""What a worker does with a ticket."""

from __future__ import annotations

import logging
import time
from typing import Any

from pymysql import MySQLError

from common.shop import Busy, Order, Refused
from stages.s06_queue.counter import Claim, TicketCounter
from stages.s06_queue.ledger import TicketLedger

log = logging.getLogger(__name__)
MOST_RUNS = 20  # then the order is given up: there may be something in it that kills whoever touches it


class PlaceOrder:
    """A `Task`: writes the order of a ticket, and ends the ticket with it.

    Guarantees, however often and by however many workers it is run, and wherever one of them is killed, that
    the ticket ends once: with an order, or with its units back on sale. Needs to be run again after whatever
    it raises, and after a kill; RQ does both. After an error it waits `pause` seconds: while the database is
    away there is nothing better to do, and the queue keeps what comes. Does not tell an outage from an order
    that cannot be written: after `MOST_RUNS` runs that met either, it is given up.
    """

    every: float | None = None

    def __init__(self, counter: TicketCounter, ledger: TicketLedger, pause: float = 1.0) -> None:
        self._counter = counter
        self._ledger = ledger
        self._pause = pause

    def run(self, payload: dict[str, Any]) -> None:
        claim = self._counter.start(payload["ticket"])
        if claim is None:
            return  # ended, or forgotten by a Redis that lost its memory: then its units are on sale again
        try:
            outcome = self._decide(claim)
        except (MySQLError, Busy):
            time.sleep(self._pause)
            raise
        self._counter.finish(claim, "working", outcome)

    def _decide(self, claim: Claim) -> Order | Refused:
        if claim.runs > MOST_RUNS:
            log.error("ticket %s-%s is given up", claim.attempt.sale_id, claim.token)
            return self._ledger.refuse(claim, Busy("The order could not be written; nothing was sold"))
        [outcome] = self._ledger.place([claim])
        return outcome
