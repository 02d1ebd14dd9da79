"""s05's stock, reserving with a ticket."""

from __future__ import annotations

from common.shop import Attempt, Busy, Refused, Reservation
from stages.s05_redis_stock.stock import RedisStock

RETRY_AFTER = 2  # seconds, in which workers set some places free


class TicketStock(RedisStock):
    """`RedisStock` whose reservations hold a place in the queue as well: all of it, or nothing.

    The reservation's `token` is the one that holds the units: that of an earlier press with this key, if
    there was one. Whose token is not the attempt's own has a ticket already.
    """

    def reserve(self, attempt: Attempt) -> Reservation:
        [token] = self._ask(Reservation(attempt, token=attempt.id))
        return Reservation(attempt, token)

    def _refusal(self, sale_id: int, answer: str, value: str = "0") -> Refused:
        if answer == "full":
            return Busy("Too many orders are waiting; nothing was taken", retry_after=RETRY_AFTER)
        return super()._refusal(sale_id, answer, value)
