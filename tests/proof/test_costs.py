"""What an attempt costs in round trips. Making one dearer has to be repeated here, on purpose."""

from __future__ import annotations

import pytest

from common.proof.costs import Cost, costs
from common.settings import Settings
from common.shop import Attempt, Reservation
from common.stages import all_stages, find
from stages.s05_redis_stock.stock import RedisStock

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
