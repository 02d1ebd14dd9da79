"""A warm-up reads a whole sale from MariaDB: it takes the time it takes, and no press has that much."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

from common.backends import Clock
from common.shop import Busy, Catalog
from stages.s05_redis_stock.counter import StockCounter
from stages.s05_redis_stock.flags import SoldOutFlags
from stages.s05_redis_stock.stock import WarmUp
from stages.s06_queue.stock import TicketStock
from stages.s10_degradation.budget import TimeBudget

AT_ONCE = 2  # sales that are warmed up by a process at the same time


class PatientStock(TicketStock):
    """`TicketStock` whose sales are warmed up beside the presses. See `Beside`."""

    def __init__(
        self, counter: StockCounter, flags: SoldOutFlags, warm_up: WarmUp, catalog: Catalog, clock: Clock
    ) -> None:
        super().__init__(counter, flags, Beside(warm_up, TimeBudget(clock)), catalog, clock)


class Beside:
    """A `WarmUp` in a thread of its own, which goes on when the press that needed it has no time left.

    Else a sale whose warm-up takes longer than a press may would never be warm: each press would begin anew.
    All presses of a sale wait for the same one; whose time is up is `Busy`.
    """

    def __init__(self, warm_up: WarmUp, budget: TimeBudget) -> None:
        self._warm_up = warm_up
        self._budget = budget
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="warm-up")
        self._lock = Lock()
        self._under_way: dict[int, Future[bool]] = {}

    def __call__(self, sale_id: int) -> bool:
        with self._lock:
            under_way = self._under_way.get(sale_id)
            if under_way is None or under_way.done():
                under_way = self._under_way[sale_id] = self._threads.submit(self._warm_up, sale_id)
        try:
            return under_way.result(self._budget.left())
        except TimeoutError:
            raise Busy("The sale is being set up; nothing was taken") from None
