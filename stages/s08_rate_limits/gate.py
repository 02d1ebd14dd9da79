"""The gate before the buy path: whom a press counts for, and what is said to a press too many."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv6Address, ip_address, ip_network

from redis import RedisError

from common.shop import Attempt, Busy, Buy, Outcome, TooMany
from stages.s08_rate_limits.limiter import Limiter

WORDS = {
    "buyer": "You press too often",
    "address": "Too many presses come from your address",
    "sale": "Too many press at this sale at the moment",
    "shop": "Too many press in this shop at the moment",
}


class RateGate:
    """A `Gate` that lets a press proceed when the limiter does.

    Every press counts, the same press sent again too: what it costs the shop does not depend on its key. A
    press that is sent away has taken nothing, and its key is as good as new: sent again after `retry_after`
    it gets its answer. While Redis is away nobody gets through: the stock is there too.
    """

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter

    def __call__(self, attempt: Attempt, proceed: Buy) -> Outcome:
        try:
            reached = self._limiter.ask(subjects(attempt))
        except RedisError as error:
            raise Busy("The limits cannot be looked up; nothing was taken", retry_after=2) from error
        if reached:
            name, limit, wait = reached
            said = f"{WORDS[name]}: no more than {limit.count} in {limit.seconds} s. Nothing was taken"
            raise TooMany(said, retry_after=wait, limit=name, count=limit.count, seconds=limit.seconds)
        return proceed(attempt)


def subjects(attempt: Attempt) -> dict[str, str]:
    """For whom a press counts, limit by limit."""
    found = {"buyer": str(attempt.buyer_id), "sale": str(attempt.sale_id), "shop": "all"}
    return found | ({"address": network(attempt.client)} if attempt.client else {})


def network(address: str) -> str:
    """The address; of IPv6 the first half: whoever has one has all 2^64 that begin like it."""
    with suppress(ValueError):  # something that a strange server calls an address
        parsed = ip_address(address)
        if isinstance(parsed, IPv6Address):
            return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))
    return address
