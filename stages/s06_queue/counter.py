"""The number that sells, with a ticket for whoever got something: three scripts around s05's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from redis import Redis

from common import lua
from common.backends import Keys
from common.shop import Attempt, Order, Refused, Reservation, TicketState
from stages.s05_redis_stock.counter import StockCounter, flag, milliseconds, send
from stages.s06_queue.tickets import CHANNEL, ticket_id, ticket_key

HERE = Path(__file__).parent
MOST = 5000  # tickets of one sale that may be open
KEEP = 24 * 3600  # seconds for which an ended ticket can be asked for


@dataclass(frozen=True)
class Claim(Reservation):
    """A reservation as a worker finds it: made `at` that time, and begun on for the `runs`-th time now."""

    at: datetime
    runs: int


class TicketCounter(StockCounter):
    """`StockCounter`, whose reservations have tickets, of which no more than `most` of one sale are open."""

    def __init__(self, redis: Redis, keys: Keys, most: int = MOST) -> None:
        super().__init__(redis, keys)
        self._most = most
        self._take, self._start, self._finish = (
            redis.register_script(lua.source(HERE / f"{name}.lua")) for name in ("reserve", "start", "finish")
        )

    def reserve(self, reservation: Reservation, now: datetime) -> list[str]:
        """Take for this press and write its ticket; the answer of reserve.lua."""
        attempt, token = reservation.attempt, reservation.token
        keys = self._names(attempt.sale_id, "stock", "bought", "requests", "open", f"ticket:{token}")
        args = [milliseconds(now), attempt.buyer_id, attempt.key, attempt.quantity, token, self._most]
        return [word.decode() for word in send(self._take, keys, args)]

    def start(self, ticket: str) -> Claim | None:
        """Begin on a ticket, or begin again. None when there is nothing left to do about it."""
        key = ticket_key(self._keys, ticket)
        found = key and send(self._start, [key], [self._keys.shared(CHANNEL), ticket])
        return _claim(ticket, found) if found else None

    def finish(self, reservation: Reservation, from_: TicketState, outcome: Order | Refused) -> bool:
        """End the ticket, and confirm or give back what it held. Whether it was in `from_` until now."""
        attempt, token = reservation.attempt, reservation.token
        names = ("stock", "bought", "requests", "epoch", "open", f"ticket:{token}")
        ends_in = ("ordered", outcome.id) if isinstance(outcome, Order) else ("refused", outcome.type)
        args = [
            *(attempt.buyer_id, attempt.key, attempt.quantity, token),
            *(self._channel, flag(attempt.sale_id)),
            *(from_, *ends_in, KEEP),
            *(self._keys.shared(CHANNEL), ticket_id(reservation)),
        ]
        return bool(send(self._finish, self._names(attempt.sale_id, *names), args))


def _claim(ticket: str, told: list[bytes]) -> Claim:
    sale_id, _, token = ticket.partition("-")
    buyer, key, quantity, at, runs = map(bytes.decode, told)
    time = datetime.fromtimestamp(int(at) / 1000, UTC)
    attempt = Attempt(
        id=token,
        sale_id=int(sale_id),
        buyer_id=int(buyer),
        quantity=int(quantity),
        key=key,
        client="",
        deadline=time + timedelta(days=1),
    )
    return Claim(attempt, token, time, int(runs))
