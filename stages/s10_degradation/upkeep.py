"""A warm-up reads a whole sale from MariaDB. It takes the time it takes, and no request has that much."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Literal

from pymysql import MySQLError
from redis import Redis, RedisError

from common.backends import Keys
from common.database import Sql
from common.shop import Busy, Catalog
from stages.s07_journal.counter import JournalCounter
from stages.s07_journal.journal import Journal
from stages.s07_journal.upkeep import WarmUp

log = logging.getLogger(__name__)

EVERY = 1.0  # seconds between two looks


class KeepWarm:
    """A `Service` in each web process: warms up every published sale whose stock is not in Redis.

    Presses try that too, and in a small sale they succeed; but where it takes longer than a press may, each
    would begin anew, and the sale would never be warm. Any number of processes may do it at the same time.
    For the list that it asks for each second, its process always knows one that is not much older.
    """

    where: Literal["web"] = "web"

    def __init__(self, catalog: Catalog, sql: Sql, redis: Redis, keys: Keys) -> None:
        self._catalog = catalog
        self._counter = JournalCounter(redis, keys)
        self._warm_up = WarmUp(sql, self._counter, Journal(redis, keys))

    def run(self, stop: Callable[[], bool]) -> None:
        while not stop():
            try:
                self.look()
            except (RedisError, MySQLError, Busy) as error:
                log.warning("not everything is warm: %s", error)
            time.sleep(EVERY)

    def look(self) -> None:
        """Once. Raises what the servers raise."""
        sales = [sale.id for sale in self._catalog.list() if sale.state == "published"]
        for sale_id, left in zip(sales, self._counter.left(sales), strict=True):
            if left is None:
                self._warm_up(sale_id)
