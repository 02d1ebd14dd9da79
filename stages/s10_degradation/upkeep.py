"""What each web process does in the background, and what no request has the time for."""

from __future__ import annotations

import logging

from pymysql import MySQLError
from redis import Redis

from common.backends import Keys
from common.database import Sql
from common.shop import Busy, Catalog
from stages.s05_redis_stock import upkeep
from stages.s07_journal.counter import JournalCounter
from stages.s07_journal.journal import Journal
from stages.s07_journal.upkeep import WarmUp

log = logging.getLogger(__name__)


class CatchUp(upkeep.CatchUp):
    """s05's, which reads a catalog that takes no longer than for a request: requests join a read that is
    under way, and would wait as long as that does. So the process always knows a list that is not much older.

    And it warms up every published sale whose stock is not in Redis. Presses try that too, and in a small
    sale they succeed; but a warm-up reads a whole sale from MariaDB, and where that takes longer than a press
    may, each would begin anew. Any number of processes may do it at the same time.
    """

    def __init__(self, catalog: Catalog, sql: Sql, redis: Redis, keys: Keys) -> None:
        counter = JournalCounter(redis, keys)
        super().__init__(catalog, counter)
        self._warm_up = WarmUp(sql, counter, Journal(redis, keys))

    def look(self) -> None:
        try:
            super().look()
            self._keep_warm()
        except (MySQLError, Busy) as error:
            log.warning("not everything is warm: %s", error)

    def _keep_warm(self) -> None:
        sales = [sale.id for sale in self._catalog.list() if sale.state == "published"]
        for sale_id, left in zip(sales, self._counter.left(sales), strict=True):
            if left is None:
                self._warm_up(sale_id)
