"""hw03: logical expiry. A copy that is too old is still shown, while one reader fetches a new one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from pydantic import TypeAdapter
from redis import Redis

from common.backends import Clock, Keys
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

    def __init__(
        self, redis: Redis, keys: Keys, clock: Clock, source: Callable[[int], Sale | None]
    ) -> None:
        self._redis, self._keys, self._clock, self._source = redis, keys, clock, source

    def warm(self, sale_id: int) -> None:
        """Keep a copy of the sale from now on. Called before the sale is published."""
        sale = self._source(sale_id)
        if sale is not None:
            self._keep(sale)
            self._redis.set(self._names(sale_id)[1], "this one is hot")

    def _keep(self, sale: Sale) -> None:
        self._redis.set(self._names(sale.id)[0], SALE.dump_json(sale), px=FRESH)

    def get(self, sale_id: int) -> Sale | None:
        """The sale, a little old perhaps. One that was not warmed is what `source` says, and is not kept."""
        value = self._redis.get(self._names(sale_id)[0])
        if value is not None:
            return SALE.validate_json(value)
        sale = self._source(sale_id)
        if sale is not None and self._redis.exists(self._names(sale_id)[1]):
            self._keep(sale)
        return sale

    def changed(self, event: SaleChanged) -> None:
        """A listener: the sale has been changed, and the change is committed."""
        self._redis.delete(self._names(event.sale_id)[0])

    def _names(self, sale_id: int) -> list[str]:
        return [self._keys(sale_id, "hot"), self._keys(sale_id, "lease")]
