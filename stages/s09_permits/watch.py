"""Who is at the door, and what that costs them."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial

from common.shop import Ban, TurnedAway, Visit
from stages.s09_permits.accounts import Accounts
from stages.s09_permits.challenge import Solved
from stages.s09_permits.keeper import Keeper, Known
from stages.s09_permits.risk import against

log = logging.getLogger(__name__)

POINTS_A_BIT = 10  # so many points against a visitor double the work


class Watch:
    """Looks at each visitor, remembers the visit, and names the price. Raises `TurnedAway`, or `RedisError`.

    Does not tell people from machines: who looks like a machine pays more, and who does so too much is turned
    away for this time. Only the trap bans anybody by itself: no rule is right about everybody.
    """

    def __init__(self, keeper: Keeper, accounts: Accounts) -> None:
        self._keeper = keeper
        self._accounts = accounts

    def look(self, visit: Visit, solved: Solved, now: datetime) -> Known:
        """One round trip."""
        born = partial(self._accounts.born, visit.buyer_id)
        known = self._keeper.look(visit, solved.how in ("wrong", "quick"), now, born)
        if known.banned:
            raise TurnedAway("This account or address is not let in for a while", retry_after=known.banned)
        return known

    def price(self, visit: Visit, known: Known) -> int:
        """The work for this visitor, in bits. One statement for an account that this process has not seen."""
        settings, found = known.settings, against(visit, known.past, known.settings)
        points = sum(found.values())
        if found:
            log.debug("against buyer %s: %s", visit.buyer_id, found)
        if "trapped" in found and settings["ban_seconds"]:
            self._keeper.ban(Ban("buyer", str(visit.buyer_id), settings["ban_seconds"]))
        if 0 < settings["refuse_from"] <= points:
            raise TurnedAway("Too much speaks against this visit; nothing was taken")
        return settings["bits"] and settings["bits"] + points // POINTS_A_BIT
