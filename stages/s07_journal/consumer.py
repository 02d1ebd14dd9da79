"""Who drains the journal: a task that works off one batch, and a process that does nothing else."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

from pymysql import MySQLError
from redis import RedisError

from common.journal import TASK
from common.shop import Busy, Order, Refused
from stages.s06_queue.tickets import ticket_id
from stages.s07_journal.counter import JournalCounter
from stages.s07_journal.journal import Journal, Recorded
from stages.s07_journal.ledger import BatchLedger

log = logging.getLogger(__name__)
MOST_TIMES = 5  # that an entry is handed out; then it is given up: it may be what kills whoever touches it
LINGER = 0.02  # seconds that orders wait for others to share their transaction
PAUSE = 1.0  # seconds before a batch is tried again that MariaDB or Redis did not take


class Drain:
    """A `Task`: works off one batch of a sale's journal. MariaDB first, then Redis, then forget it.

    Guarantees, however often a batch is run, by however many consumers, and wherever one of them is killed,
    that each ticket ends once: with an order, or with its units back on sale. For that it has to be run again
    until nothing is left. Does not bound how long a buyer waits.
    """

    name = TASK
    every: float | None = None

    def __init__(self, journal: Journal, counter: JournalCounter, ledger: BatchLedger) -> None:
        self._journal = journal
        self._counter = counter
        self._ledger = ledger

    def run(self, payload: dict[str, Any]) -> None:
        self.settle(self.take(payload["sale"]))

    def take(self, sale_id: int) -> list[Recorded]:
        return self._journal.take(sale_id)

    def settle(self, batch: Sequence[Recorded]) -> None:
        """May be called again for the same batch, whatever it raised."""
        if batch:
            self._counter.settle(batch, self._decide(batch))

    def _decide(self, batch: Sequence[Recorded]) -> list[Order | Refused]:
        first = batch[0]
        if first.runs > MOST_TIMES:  # then it is alone: see claim.lua
            log.error("ticket %s is given up", ticket_id(first))
            return [self._ledger.refuse(first, Busy("The order could not be written; nothing was sold"))]
        return self._ledger.place(batch)


class Consumer:
    """A `Service` in a process of its own: a batch of each sale in turn, as long as there are any.

    Linger or size: when no journal had a full batch, it waits for `LINGER` seconds, in which orders gather.
    While MariaDB or Redis is away it keeps its batch and tries again: an entry is handed out again only when
    its consumer has died, or has been slow for `Journal.idle` seconds. May be killed at any time.
    """

    where: Literal["own"] = "own"

    def __init__(self, journal: Journal, drain: Drain) -> None:
        self._journal = journal
        self._drain = drain

    def run(self, stop: Callable[[], bool]) -> None:
        while not stop():
            try:
                full = [self._turn(sale_id, stop) for sale_id in self._journal.sales()]
            except RedisError as error:
                log.warning("the journal cannot be read: %s", error)
                full = []
            if not any(full):
                time.sleep(LINGER)

    def _turn(self, sale_id: int, stop: Callable[[], bool]) -> bool:
        """One batch of one sale, until it is settled; whether it was full."""
        batch = self._drain.take(sale_id)
        while batch:
            try:
                self._drain.settle(batch)
                break
            except (MySQLError, RedisError, Busy) as error:
                log.warning("%s orders of sale %s are not written yet: %s", len(batch), sale_id, error)
                if stop():
                    break
                time.sleep(PAUSE)
        return len(batch) >= self._journal.most
