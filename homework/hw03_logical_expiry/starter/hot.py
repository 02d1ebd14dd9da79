"""hw03: logical expiry. A copy that is too old is still shown, while one reader fetches a new one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from pydantic import TypeAdapter
from pymysql import MySQLError
from redis import Redis

from common.backends import Clock, Keys
from common.ids import new_id
from common.shop import Sale, SaleChanged

FRESH = timedelta(seconds=60)  # a copy is shown without a question for so long
LEASE = timedelta(seconds=20)  # one reader may take so long to fetch a new one
SALE = TypeAdapter(Sale)  # SALE.dump_json(sale) -> bytes, SALE.validate_json(data) -> Sale


class HotSales:
    """Sales that everybody looks at, as copies in Redis which are never missing.

    Guarantees that nobody waits for another reader, that of all who find a copy too old one asks `source`,
    that what was read earlier never replaces what was read later, and that a reader who dies holds nobody up
    for longer than LEASE. A copy is at most FRESH plus one fetch old, as long as `source` answers.
    """

    def __init__(self, redis: Redis, keys: Keys, clock: Clock, source: Callable[[int], Sale | None]) -> None:
        self._redis, self._keys, self._clock, self._source = redis, keys, clock, source

    def warm(self, sale_id: int) -> None:
        """Keep a copy of the sale from now on. Called before the sale is published."""
        # TODO: Task 1. Ask self._source, and keep the answer under self._keys(sale_id, …).
        raise NotImplementedError

    def get(self, sale_id: int) -> Sale | None:
        """The sale, a little old perhaps. One that was not warmed is what `source` says, and is not kept."""
        # TODO: Task 1: a copy that is fresh, and none. Tasks 2 and 3: a copy that is too old.
        raise NotImplementedError

    def changed(self, event: SaleChanged) -> None:
        """A listener: the sale has been changed, and the change is committed."""
        # TODO: Task 3. The copy is too old as of now, and so is what somebody may be fetching just now.
        raise NotImplementedError
