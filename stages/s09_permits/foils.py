"""Doors that people really build. The proofs must notice each."""

from __future__ import annotations

from datetime import datetime
from hashlib import md5
from unicodedata import normalize

from common.shop import Attempt, Challenge, Permit, PermitInvalid, Reservation, Visit
from stages.s05_redis_stock.counter import milliseconds
from stages.s07_journal.counter import JournalCounter
from stages.s09_permits.challenge import Challenges, Solved
from stages.s09_permits.counter import PermitCounter
from stages.s09_permits.keeper import Settings
from stages.s09_permits.permits import PURPOSE, Issued, Permits
from stages.s09_permits.places import PLACES, Places

SALT = "Xk29!"  # a constant in the source: everybody who ever worked here knows it


def secret_path(buyer_id: int) -> str:
    """The "hidden purchase path": md5 of the buyer and a constant. Anybody can work it out, for anybody."""
    return md5(f"{buyer_id}{SALT}".encode(), usedforsecurity=False).hexdigest()


class SecretPath(Permits):
    """Hands out the path instead of a permit. To be used with `ChecksThePath`."""

    def write(self, sale_id: int, buyer_id: int, issued: Issued) -> Permit:
        return Permit(secret_path(buyer_id), super().write(sale_id, buyer_id, issued).expires_at)


class ChecksThePath(PermitCounter):
    """Takes the path as often as it comes: it is right today, and tomorrow, and before the opening."""

    def reserve(self, reservation: Reservation, now: datetime) -> list[str]:
        if reservation.attempt.permit != secret_path(reservation.attempt.buyer_id):
            raise PermitInvalid
        return JournalCounter.reserve(self, reservation, now)


class AcceptsAnyBuyer(Permits):
    """Looks at the signature, and not at whose permit it is: one honest buyer serves a thousand bots."""

    def read(self, attempt: Attempt) -> Issued:
        facts = self._keyring.read(PURPOSE, attempt.permit or "")
        if facts is None:
            raise PermitInvalid
        return Issued(*facts[2:])


class OpensByTheVisitorsClock(Places):
    """Trusts the page, whose countdown enables the button, and looks at no clock of its own. A script never
    waited for a button; and a page believes the clock of its device."""

    def issue(
        self, sale_id: int, buyer_id: int, now: datetime, settings: Settings, solved: str = ""
    ) -> list[str]:
        opens = self._redis.hget(self._keys(sale_id, "stock"), "opens")
        told = datetime.fromtimestamp(int(opens or 0) / 1000, now.tzinfo)
        return super().issue(sale_id, buyer_id, max(now, told), settings, solved)


class LooksThenDeletes(PermitCounter):
    """Is the permit there? Delete it. Then reserve. Two who look before one deletes both reserve."""

    def reserve(self, reservation: Reservation, now: datetime) -> list[str]:
        permit, attempt = self._permits.read(reservation.attempt), reservation.attempt
        places = self.name(attempt.sale_id, PLACES)
        until = self.redis.zscore(places, str(attempt.buyer_id))
        if until is None or until != permit.expires or until <= milliseconds(now):
            raise PermitInvalid
        self.redis.zrem(places, attempt.buyer_id)
        return JournalCounter.reserve(self, reservation, now)


class DeletesFirst(PermitCounter):
    """Deletes the permit, and reserves if it was there. One permit, one reservation; but a press whose reply
    was lost, or whose process died in between, comes again without a permit, and is sent away."""

    def reserve(self, reservation: Reservation, now: datetime) -> list[str]:
        attempt = reservation.attempt
        self._permits.read(attempt)
        if not self.redis.zrem(self.name(attempt.sale_id, PLACES), attempt.buyer_id):
            raise PermitInvalid
        return JournalCounter.reserve(self, reservation, now)


class OneAnswerForAll(Challenges):
    """Keeps the answer under one name, which all visitors share. Who was asked last has made the answers of
    all others wrong; and who knows it can tell everybody."""

    _answer_now = ""

    def make(self, visit: Visit, bits: int, now: datetime) -> Challenge:
        made = super().make(visit, bits, now)
        a, b = (word for word in made.question["zh"].split("等")[0].split("加"))
        self._answer_now = str("零一二三四五六七八九".index(a) + "零一二三四五六七八九".index(b))
        return made

    def judge(self, visit: Visit, now: datetime) -> Solved:
        solved = super().judge(visit, now)
        if visit.solution and visit.solution.words:
            right = normalize("NFKC", visit.solution.words) == self._answer_now
            return solved._replace(how="right" if right else "wrong")
        return solved
