"""Where permits are given out, to whoever got past the watch."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime

from common.shop import Busy, Catalog, NoSuchSale, Permit, SoldOut, Visit, Wait
from stages.s05_redis_stock.stock import WARM_UPS, refusal_of
from stages.s09_permits.keeper import Settings
from stages.s09_permits.permits import Issued, Permits
from stages.s09_permits.places import Places

SHORTEST, LONGEST = 2.0, 5.0  # seconds between two visits of one who waits for a place


class Office:
    """Guarantees what `Places` and `Permits` guarantee together: what is signed was given out, and nothing is
    given out before the opening. One round trip, where the stock is warm."""

    def __init__(
        self, permits: Permits, places: Places, warm_up: Callable[[int], bool], catalog: Catalog
    ) -> None:
        self._permits = permits
        self._places = places
        self._warm_up = warm_up
        self._catalog = catalog

    def check_sells(self, sale_id: int, now: datetime) -> None:
        """Raise the refusal if there is nothing to be had, as far as the caches know."""
        sale = self._catalog.get(sale_id)
        if sale is None:
            raise NoSuchSale
        sale.check_open(now)
        if sale.stock <= 0:
            raise SoldOut

    def issue(self, visit: Visit, settings: Settings, solved: str, now: datetime) -> Permit | Wait | None:
        """None: the challenge called `solved` has brought a permit before, which is used up."""
        for _ in range(WARM_UPS):
            answer, *values = self._places.issue(visit.sale_id, visit.buyer_id, now, settings, solved)
            if answer == "permit":
                return self._permits.write(visit.sale_id, visit.buyer_id, Issued(*map(int, values)))
            if answer == "wait":
                return Wait(min(max(SHORTEST, math.ceil(int(values[0]) / 1000)), LONGEST))
            if answer == "spent":
                return None
            if answer != "cold":
                raise refusal_of(answer, *values)
            if self._catalog.get(visit.sale_id) is None:  # cached: made-up ids cost no SQL
                raise NoSuchSale
            self._warm_up(visit.sale_id)
        raise Busy("The sale is being set up; nothing was taken")
