"""What does not help. A foil is a wrong variant that the proofs plug in to show that they would notice."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from pymysql import MySQLError

from common.journal import JOURNAL
from common.shop import Order, Refused, Reservation
from stages.s05_redis_stock.counter import milliseconds
from stages.s06_queue.counter import Claim, TicketCounter
from stages.s07_journal.consumer import Drain
from stages.s07_journal.counter import JournalCounter
from stages.s07_journal.journal import GROUP, Journal, Recorded
from stages.s07_journal.ledger import BatchLedger

log = logging.getLogger(__name__)


class RecordsAfterwards(JournalCounter):
    """Reserves by s06's script, and appends to the journal in a second step. A crash falls in between."""

    def reserve(self, reservation: Reservation, now: datetime) -> list[str]:
        answer = TicketCounter(self.redis, self._keys, self._most).reserve(reservation, now)
        if answer == ["reserved", reservation.token]:
            attempt = reservation.attempt
            self.redis.xadd(
                self.name(attempt.sale_id, JOURNAL),
                {
                    "token": reservation.token,
                    "buyer": attempt.buyer_id,
                    "key": attempt.key,
                    "quantity": attempt.quantity,
                    "at": milliseconds(now),
                },
            )
        return answer


def acknowledge(journal: Journal, batch: Sequence[Recorded]) -> None:
    """Forget these entries."""
    key = journal.keys(batch[0].attempt.sale_id, JOURNAL)
    entries = [each.entry for each in batch]
    journal.redis.xack(key, GROUP, *entries)
    journal.redis.xdel(key, *entries)


class AcknowledgesFirst(Drain):
    """Takes a batch off the journal, and then writes it: what a consumer has when it dies, nobody has."""

    def take(self, sale_id: int) -> list[Recorded]:
        batch = super().take(sale_id)
        if batch:
            acknowledge(self._journal, batch)
        return batch


class SwallowsErrors(Drain):
    """Logs what went wrong, and acknowledges: the orders are written nowhere any more."""

    def settle(self, batch: Sequence[Recorded]) -> None:
        try:
            super().settle(batch)
        except MySQLError as error:
            log.warning("orders were not written: %s", error)
            acknowledge(self._journal, batch)


class NeverClaims(Journal):
    """Reads only what is new. What a dead consumer had in its hands stays there."""

    def _claim(self, sale_id: int) -> list[Recorded]:  # noqa: ARG002 - that is the mistake
        return []


class DropsTheRefused(JournalCounter):
    """Ends the ticket of who is refused, and forgets what it held: the unit is neither sold nor buyable."""

    def settle(self, batch: Sequence[Recorded], outcomes: Sequence[Order | Refused]) -> int:
        for each, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Refused):
                self.redis.hset(
                    self.name(each.attempt.sale_id, f"ticket:{each.token}"),
                    mapping={"state": "refused", "problem": outcome.type},
                )
        return super().settle(batch, outcomes)


class AllOrNothing(BatchLedger):
    """Takes the transaction for the unit of decision: one that is refused takes all of its batch with it."""

    def place(self, batch: Sequence[Claim]) -> list[Order | Refused]:
        try:
            return list(self._place_together(batch))
        except Refused as refused:
            return [self.refuse(claim, refused) for claim in batch]
