"""A catalog that shows the number that sells."""

from __future__ import annotations

from dataclasses import replace

from redis import RedisError

from common.catalog import SqlCatalog
from common.database import Sql
from common.shop import Sale
from stages.s05_redis_stock.counter import StockCounter


class SellableCatalog(SqlCatalog):
    """MariaDB's sales, with `stock` as Redis has it: one round trip more. For s03's caches to stand before.

    A sale whose stock is not in Redis, or a Redis that does not answer, shows MariaDB's number.
    """

    def __init__(self, sql: Sql, counter: StockCounter) -> None:
        super().__init__(sql)
        self._counter = counter

    def get(self, sale_id: int) -> Sale | None:
        sale = super().get(sale_id)
        return sellable([sale], self._counter)[0] if sale else None

    def list(self) -> list[Sale]:
        return sellable(super().list(), self._counter)


def sellable(sales: list[Sale], counter: StockCounter) -> list[Sale]:
    """The same sales, with the number that sells."""
    try:
        left = counter.left([sale.id for sale in sales])
    except RedisError:
        return sales
    return [
        sale if units is None else replace(sale, stock=units) for sale, units in zip(sales, left, strict=True)
    ]
