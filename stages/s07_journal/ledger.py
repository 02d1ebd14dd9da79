"""Orders in MariaDB, hundreds in one transaction; what becomes of each is still decided for itself, once."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from pymysql import MySQLError

from common.catalog import find_sale
from common.orders import order_of
from common.shop import Busy, NoSuchSale, Order, Refused, refusal
from stages.s02_guarded_update.retry import TRY_AGAIN
from stages.s06_queue.counter import Claim
from stages.s06_queue.ledger import TicketLedger
from stages.s06_queue.tickets import ticket_id
from stages.s07_journal.statements import count_purchases, decide_all, insert_orders, take_units

log = logging.getLogger(__name__)


class BatchLedger(TicketLedger):
    """Decides about all tickets of a batch, which are of one sale: with one COMMIT, if nothing is in the way.

    Redis has checked everything, so hardly ever is anything in the way: the batch is written as if all of it
    were in order, with every guard of s02. When a guard says no, all of it is undone and its halves are
    written, and theirs, down to the one order that s06's ledger refuses, with a reason. So one bad row costs
    about 2 log2(n) more transactions, and its neighbours nothing but time.

    Guarantees what s06's ledger guarantees: an outcome for each, the same for all runs of a batch. An
    exception means that not everything is known to be decided: run the batch again.
    """

    def place(self, batch: Sequence[Claim]) -> list[Order | Refused]:
        if len(batch) < 2:
            return [self._place_alone(claim) for claim in batch]
        try:
            return list(self._place_together(batch))
        except Busy:
            raise
        except Refused:
            pass
        except MySQLError as error:
            if not refuses(error):
                raise
        return self._place_apart(batch)

    def _place_apart(self, batch: Sequence[Claim]) -> list[Order | Refused]:
        """What another run has decided is asked for at once; if there is no such thing, in halves."""
        known = self._decided(batch)
        if not known:
            half = len(batch) // 2
            return [*self.place(batch[:half]), *self.place(batch[half:])]
        rest = [claim for claim in batch if claim.token not in known]
        placed = zip((claim.token for claim in rest), self.place(rest), strict=True)
        outcomes = {**known, **dict(placed)}
        return [outcomes[claim.token] for claim in batch]

    def _place_alone(self, claim: Claim) -> Order | Refused:
        """If MariaDB does not take the order, but does take its refusal, then it was the order's fault."""
        try:
            return self._place(claim)
        except MySQLError as error:
            if not refuses(error):
                raise
            log.exception("order of ticket %s not written", ticket_id(claim))
            return self.refuse(claim, Busy("MariaDB did not take the order; nothing was sold"))

    def _place_together(self, batch: Sequence[Claim]) -> list[Order]:
        """All of them in one transaction: s06's statements, each for many rows, in the same order."""
        with self._sql() as db:
            sale = find_sale(db, batch[0].attempt.sale_id)
            if sale is None:
                raise NoSuchSale
            with db.transaction():
                orders = insert_orders(db, batch, sale.price_cents)
                decide_all(db, batch, orders)
                count_purchases(db, batch, sale)
                take_units(db, batch)
        return orders

    def _decided(self, batch: Sequence[Claim]) -> dict[str, Order | Refused]:
        """What other runs have decided, by token."""
        tokens = {ticket_id(claim): claim.token for claim in batch}
        with self._sql() as db:
            rows = db.all(
                "SELECT decisions.ticket, decisions.problem, orders.* FROM decisions"
                " LEFT JOIN orders ON orders.id = decisions.order_id WHERE ticket IN %s",
                tuple(tokens),
            )
        return {
            tokens[row["ticket"]]: refusal(row["problem"]) if row["problem"] else order_of(row)
            for row in rows
        }


def refuses(error: MySQLError) -> bool:
    """Whether MariaDB has said no to the statement itself. Not if nobody answered (numbers from 2000 to 2999
    are the client's), nor if all that it asks for is to try again."""
    number = error.args[0] if error.args else 0
    return bool(number) and number not in range(2000, 3000) and number not in TRY_AGAIN
