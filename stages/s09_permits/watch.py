"""Who is at the door, and what that costs them."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial
from typing import NamedTuple

from common.shop import Ban, TurnedAway, Visit
from stages.s09_permits.accounts import Accounts
from stages.s09_permits.challenge import Solved
from stages.s09_permits.keeper import Keeper, Settings
from stages.s09_permits.risk import against

log = logging.getLogger(__name__)

POINTS_A_BIT = 10  # so many points against a visitor double the work


class Price(NamedTuple):
    """The work that a visitor has to do, in bits, and the settings of the door at that moment."""

    bits: int
    settings: Settings


class Watch:
    """Looks at each visitor, remembers the visit, and names the price. One round trip, and one statement for
    an account that this process has not seen. Raises `TurnedAway`, or `RedisError`.

    Does not tell people from machines: who looks like a machine pays more, and who does so too much is turned
    away for this time. Only the trap bans anybody by itself: no rule is right about everybody.
    """

    def __init__(self, keeper: Keeper, accounts: Accounts) -> None:
        self._keeper = keeper
        self._accounts = accounts

    def price(self, visit: Visit, solved: Solved, now: datetime) -> Price:
        born = partial(self._accounts.born, visit.buyer_id)
        settings, banned, past = self._keeper.look(visit, solved.how in ("wrong", "quick"), now, born)
        if banned:
            raise TurnedAway("This account or address is not let in for a while", retry_after=banned)
        found = against(visit, past, settings)
        points = sum(found.values())
        if found:
            log.debug("against buyer %s: %s", visit.buyer_id, found)
        if "trapped" in found and settings["ban_seconds"]:
            self._keeper.ban(Ban("buyer", str(visit.buyer_id), settings["ban_seconds"]))
        if 0 < settings["refuse_from"] <= points:
            raise TurnedAway("Too much speaks against this visit; nothing was taken")
        bits = settings["bits"]
        return Price(bits and bits + points // POINTS_A_BIT, settings)
