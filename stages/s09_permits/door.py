"""The door: who comes in, what they pay, and then their permit."""

from __future__ import annotations

from redis import RedisError

from common.backends import Clock
from common.shop import Busy, Entry, Visit
from stages.s09_permits.challenge import Challenges
from stages.s09_permits.office import Office
from stages.s09_permits.watch import Watch


class PermitDoor:
    """A `Door`: the watch, the challenge, the office, in this order.

    Guarantees what those three guarantee. While Redis is away nobody gets in. Nobody is asked to work for
    what cannot be had: not before the opening either, where there would be something to work out in advance.
    """

    def __init__(self, watch: Watch, challenges: Challenges, office: Office, clock: Clock) -> None:
        self._watch = watch
        self._challenges = challenges
        self._office = office
        self._clock = clock

    def enter(self, visit: Visit) -> Entry:
        try:
            return self._enter(visit)
        except RedisError as error:
            raise Busy("The door does not open at the moment; nothing was taken", retry_after=2) from error

    def _enter(self, visit: Visit) -> Entry:
        now = self._clock()
        solved = self._challenges.judge(visit, now)
        known = self._watch.look(visit, solved, now)
        has_paid = solved.how == "right" or not known.settings["bits"]
        if not has_paid:
            self._office.check_sells(visit.sale_id, now)
        bits = self._watch.price(visit, known)
        entry = self._office.issue(visit, known.settings, solved.name, now) if has_paid else None
        return entry or self._challenges.make(visit, bits, now)
