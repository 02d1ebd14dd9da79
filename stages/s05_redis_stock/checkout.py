"""The buy path of s05: reserve in Redis, place in MariaDB, and tell Redis how it went."""

from __future__ import annotations

import logging
from collections.abc import Callable

from redis import RedisError

from common.shop import Attempt, Ledger, Order, Refused, Reservation, Stock

log = logging.getLogger(__name__)


class ReservedCheckout:
    """Sets units aside first; an order is written only for who has some.

    Guarantees that what the ledger refuses goes back on sale, and that what it may have sold does not: when
    it raises, nobody knows, and the units stay with the press until it comes again. Does not survive a crash
    between the two servers: the unit is then neither sold nor buyable (s07 returns that guarantee).
    """

    def __init__(self, stock: Stock, ledger: Ledger) -> None:
        self._stock = stock
        self._ledger = ledger

    def __call__(self, attempt: Attempt) -> Order:
        reservation = self._stock.reserve(attempt)
        [outcome] = self._ledger.place([reservation])
        if isinstance(outcome, Refused):
            settle(self._stock.release, reservation)
            raise outcome
        settle(self._stock.confirm, reservation)
        return outcome


def settle(tell: Callable[[Reservation], None], reservation: Reservation) -> None:
    """Tell Redis what MariaDB decided. It is decided, so the buyer hears it, even when Redis does not."""
    try:
        tell(reservation)
    except RedisError as error:
        log.warning("Redis does not know what became of %s: %s", reservation.token, error)
