"""The number that sells, for who has a permit: s07's reservation with the permit in the same step."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from redis import Redis

from common import lua
from common.backends import Keys
from common.journal import JOURNAL
from common.shop import PermitInvalid, PermitRequired, Reservation
from stages.s05_redis_stock.counter import milliseconds, send
from stages.s06_queue.counter import MOST
from stages.s07_journal.counter import JournalCounter
from stages.s09_permits.permits import Permits
from stages.s09_permits.places import PLACES, SERIALS

HERE = Path(__file__).parent
USED = "The permit has expired or is used up; nothing was taken"


class PermitCounter(JournalCounter):
    """`JournalCounter` that reserves for a permit, and uses it up with the reservation or not at all.

    Guarantees that a permit brings one reservation at most, however many presses show it, and at once; that a
    press sent again has its reservation, whatever has become of the permit.
    """

    def __init__(self, redis: Redis, keys: Keys, permits: Permits, most: int = MOST) -> None:
        super().__init__(redis, keys, most)
        self._permits = permits
        self._take_for_permit = redis.register_script(lua.source(HERE / "reserve.lua"))

    def reserve(self, reservation: Reservation, now: datetime) -> list[str]:
        """The answer of reserve.lua; `PermitRequired` or `PermitInvalid` where it says "no_permit". What was
        not issued here, to this buyer, for this sale, costs no round trip."""
        attempt, token = reservation.attempt, reservation.token
        permit = self._permits.read(attempt)
        names = ("stock", "bought", "requests", "open", f"ticket:{token}", JOURNAL, PLACES, SERIALS)
        press = [milliseconds(now), attempt.buyer_id, attempt.key, attempt.quantity, token, self._most]
        told = send(self._take_for_permit, self._names(attempt.sale_id, *names), [*press, *permit])
        answer = [word.decode() for word in told]
        if answer == ["no_permit"]:
            raise PermitInvalid(USED) if attempt.permit else PermitRequired
        return answer
