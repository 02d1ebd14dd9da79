"""What an attempt costs in round trips, and a buyer in bytes. Making one dearer has to be repeated here."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from common.proof.costs import Cost, costs
from common.settings import Settings
from common.shop import Attempt, LimitReached, Reservation, Sale
from common.stages import all_stages, find
from stages.s05_redis_stock.stock import RedisStock
from tests.world import World

ACCEPTED, OVER_LIMIT, SOLD_OUT = "accepted", "refused, limit reached", "refused, sold out"
KNOWN = "refused, known to be sold out"
EXPECTED = {
    "s01": {ACCEPTED: Cost(4, 0), OVER_LIMIT: Cost(2, 0), SOLD_OUT: Cost(1, 0), KNOWN: Cost(1, 0)},
    "s02": {ACCEPTED: Cost(6, 0), OVER_LIMIT: Cost(4, 0), SOLD_OUT: Cost(7, 0), KNOWN: Cost(7, 0)},
    "s03": {ACCEPTED: Cost(6, 0), OVER_LIMIT: Cost(4, 0), SOLD_OUT: Cost(7, 0), KNOWN: Cost(7, 0)},
    "s04": {ACCEPTED: Cost(6, 0), OVER_LIMIT: Cost(4, 0), SOLD_OUT: Cost(7, 0), KNOWN: Cost(7, 0)},
    # Accepted: reserve.lua, the six of s02, confirm.lua. The first "sold out" also asks who owns something.
    "s05": {ACCEPTED: Cost(6, 2), OVER_LIMIT: Cost(0, 1), SOLD_OUT: Cost(0, 2), KNOWN: Cost(0, 0)},
    # Accepted: reserve.lua, and two of RQ's own. (The worker's part: tests/stages/test_s06_queue.py.)
    "s06": {ACCEPTED: Cost(0, 3), OVER_LIMIT: Cost(0, 1), SOLD_OUT: Cost(0, 2), KNOWN: Cost(0, 0)},
    # Accepted: reserve.lua, and that is all. (The consumer's part: tests/stages/test_s07_journal.py.)
    "s07": {ACCEPTED: Cost(0, 1), OVER_LIMIT: Cost(0, 1), SOLD_OUT: Cost(0, 2), KNOWN: Cost(0, 0)},
    # Every press asks the limits first, in one round trip: also one that is known to be in vain.
    "s08": {ACCEPTED: Cost(0, 2), OVER_LIMIT: Cost(0, 2), SOLD_OUT: Cost(0, 3), KNOWN: Cost(0, 1)},
    "s09": {ACCEPTED: Cost(0, 4), OVER_LIMIT: Cost(0, 2), SOLD_OUT: Cost(0, 2), KNOWN: Cost(0, 2)},
    # Budgets, breakers, compartments and limits are in the process; the switches are seen in the background.
    "s10": {ACCEPTED: Cost(0, 4), OVER_LIMIT: Cost(0, 2), SOLD_OUT: Cost(0, 2), KNOWN: Cost(0, 2)},
}


@pytest.mark.parametrize("code", [stage.code for stage in all_stages()])
def test_an_attempt_costs_exactly_so_many_round_trips(code: str, settings: Settings) -> None:
    assert costs(find(code), settings) == EXPECTED[code]


class LooksFirst(RedisStock):
    """Asks Redis once more than it needs to: about twice as slow, and right in everything else."""

    def reserve(self, attempt: Attempt) -> Reservation:
        self._counter.left([attempt.sale_id])
        return super().reserve(attempt)


def test_a_planted_round_trip_is_noticed(settings: Settings) -> None:
    planted = costs(find("s05"), settings, stock=LooksFirst)
    one_more = {kind: Cost(cost.mariadb, cost.redis + 1) for kind, cost in EXPECTED["s05"].items()}
    assert planted == one_more


# Letters that a purchase leaves in the hashes of its sale in Redis: names of fields, and their values. What
# the server needs to hold them is its own affair; `./seckill growth` measures that.
KEPT = {
    "s01": 0,
    "s02": 0,
    "s03": 0,
    "s04": 0,
    "s05": 88,
    "s06": 216,
    "s07": 216,
    "s08": 216,
    "s09": 219,
    "s10": 219,
}


@pytest.mark.parametrize("code", [stage.code for stage in all_stages()])
def test_a_buyer_leaves_exactly_so_many_bytes_and_a_refused_one_none(
    code: str, world: Callable[..., World]
) -> None:
    shop = world(code)
    sale = shop.new_sale(units=13)
    shop.buy(sale, buyer=10)
    one = kept(shop, sale)
    for buyer in range(11, 21):
        shop.buy(sale, buyer)
    eleven = kept(shop, sale)
    for buyer in range(11, 21):  # over the limit, one and all
        with pytest.raises(LimitReached):
            shop.buy(sale, buyer)
    assert kept(shop, sale) == eleven, "a refusal leaves nothing"
    assert eleven - one == 10 * KEPT[code]


def kept(shop: World, sale: Sale) -> int:
    """The letters in the sale's hashes; the stock's own numbers, which change, are left out."""
    redis, total = shop.backends.stock, 0
    for key in redis.scan_iter(match=f"{shop.stage.code}:{{{sale.id}}}:*", count=1000):
        if not key.endswith(b":stock"):
            fields = redis.hgetall(key) if redis.type(key) == b"hash" else {}
            total += sum(len(name) + len(value) for name, value in fields.items())
    return total
