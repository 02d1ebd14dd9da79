"""The number that sells, with tickets and a journal of what was reserved: two scripts around s06's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from redis import Redis

from common import lua
from common.backends import Keys
from common.journal import JOURNAL
from common.shop import Order, Refused, Reservation
from stages.s05_redis_stock.counter import flag, milliseconds, send
from stages.s06_queue.counter import KEEP, MOST, TicketCounter
from stages.s06_queue.tickets import CHANNEL, ticket_id
from stages.s07_journal.journal import GROUP, Recorded

HERE = Path(__file__).parent


class JournalCounter(TicketCounter):
    """`TicketCounter` whose reservations are in the journal from the moment that they hold anything."""

    def __init__(self, redis: Redis, keys: Keys, most: int = MOST) -> None:
        super().__init__(redis, keys, most)
        self._take, self._settle = (
            redis.register_script(lua.source(HERE / f"{name}.lua")) for name in ("reserve", "settle")
        )

    def reserve(self, reservation: Reservation, now: datetime) -> list[str]:
        """Take for this press, write its ticket, and record it; the answer of reserve.lua."""
        attempt, token = reservation.attempt, reservation.token
        names = ("stock", "bought", "requests", "open", f"ticket:{token}", JOURNAL)
        args = [milliseconds(now), attempt.buyer_id, attempt.key, attempt.quantity, token, self._most]
        return [word.decode() for word in send(self._take, self._names(attempt.sale_id, *names), args)]

    def settle(self, batch: Sequence[Recorded], outcomes: Sequence[Order | Refused]) -> int:
        """End the tickets of a batch, all of one sale, and their entries; how many ended now."""
        sale_id = batch[0].attempt.sale_id
        names = ("stock", "bought", "requests", "epoch", "open", JOURNAL)
        args: list[object] = [GROUP, self._channel, flag(sale_id), KEEP, self._keys.shared(CHANNEL)]
        for each, outcome in zip(batch, outcomes, strict=True):
            attempt = each.attempt
            args += each.entry, ticket_id(each), attempt.buyer_id, attempt.key, attempt.quantity, each.token
            args += ("ordered", outcome.id) if isinstance(outcome, Order) else ("refused", outcome.type)
        tickets = [f"ticket:{each.token}" for each in batch]
        return int(send(self._settle, self._names(sale_id, *names, *tickets), args))
