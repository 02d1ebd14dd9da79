"""What a press passes on its way in. Whoever is sent away here has taken nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial

from pymysql import MySQLError
from redis import Redis, RedisError

from common.backends import Keys
from common.journal import JOURNAL
from common.shop import Attempt, Busy, Buy, Gate, Outcome, Switches, Unclear
from stages.s10_degradation.budget import TimeBudget
from stages.s10_degradation.bulkhead import Bulkhead, Full

UNKNOWN = (
    "The shop did not come to the end of it in time: nobody knows whether the press was taken. Send the same"
    " press again, with its key; it is taken once, however often it is sent"
)


def through(gates: Sequence[Gate], buy: Buy) -> Buy:
    """`buy` behind all of these, of which the first is the outermost."""
    for gate in reversed(gates):
        buy = partial(gate, proceed=buy)
    return buy


def busy(detail: str, seconds: float = 1.0) -> Busy:
    """Nothing was taken: come again `later`."""
    return Busy(detail, retry_after=later(seconds))


def later(seconds: float = 1.0) -> float:
    """About that many seconds: not all of those who are sent away at the same moment come back at one."""
    return random.uniform(seconds, 3 * seconds)


class InTime:
    """The outermost `Gate`: opens the press's time budget, and answers when it is used up.

    Guarantees an answer within the budget, as long as what is inside asks for how long it may wait. When a
    server did not answer, the press is neither taken nor refused but *unknown*, and that is what it says.
    """

    def __init__(self, budget: TimeBudget) -> None:
        self._budget = budget

    def __call__(self, attempt: Attempt, proceed: Buy) -> Outcome:
        with self._budget.request(attempt.deadline):
            try:
                return proceed(attempt)
            except (RedisError, MySQLError) as error:
                raise Unclear(UNKNOWN, retry_after=later()) from error


class Switched:
    """A `Gate` that does what the live switches say. Costs nothing while they are as usual."""

    def __init__(
        self, switches: Switches, redis: Redis, keys: Keys, draw: Callable[[], float] = random.random
    ) -> None:
        self._switches = switches
        self._redis = redis
        self._keys = keys
        self._draw = draw

    def __call__(self, attempt: Attempt, proceed: Buy) -> Outcome:
        now = self._switches.now()
        if not now.buying or now.read_only:
            raise busy("Buying is paused; nothing was taken", seconds=5)
        if now.shed and 100 * self._draw() < now.shed:
            raise busy("Too many want to buy; some are sent away, and nothing was taken")
        if not now.queueing and self._somebody_waits(attempt.sale_id):
            raise busy("Nobody may wait at the moment, and somebody does; nothing was taken")
        return proceed(attempt)

    def _somebody_waits(self, sale_id: int) -> bool:
        """Roughly: presses at the same moment do not see each other."""
        return self._redis.xlen(self._keys(sale_id, JOURNAL)) > 0


class Apart:
    """A `Gate` that keeps the presses of each sale in a compartment of their own.

    So a sale that stands still, whatever it waits for, does not hold the threads that other sales need.
    """

    def __init__(self, bulkhead: Bulkhead) -> None:
        self._bulkhead = bulkhead

    def __call__(self, attempt: Attempt, proceed: Buy) -> Outcome:
        try:
            with self._bulkhead.place(attempt.sale_id):
                return proceed(attempt)
        except Full:
            raise busy("Too many presses at this sale are under way; nothing was taken") from None
