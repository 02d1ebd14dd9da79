"""The sold-out flag: a "no" that costs no round trip, and is taken down in every process."""

from __future__ import annotations

from common.shop import Attempt
from stages.s03_cache.local import LocalCache
from stages.s05_redis_stock.counter import flag


class SoldOutFlags(LocalCache):
    """For each sold-out sale, who owns something of it; kept for at most `ttl` seconds.

    Buyers who own nothing are refused here. Owners are not: theirs may be the same press sent again, and that
    must get its order, not a "sold out". It is s03's cache, so a flag that is dropped (by s03's `Subscriber`,
    when units come back) is not put back by a look that began before. Guarantees that a lost message costs
    buyers `ttl` seconds at most. Costs memory for one number for each owner.
    """

    def refuses(self, attempt: Attempt) -> bool:
        with self._lock:
            kept = self._entries.get(flag(attempt.sale_id))
        if kept is None or kept.value is None or self._clock() >= kept.until:
            return False
        return attempt.buyer_id not in kept.value
