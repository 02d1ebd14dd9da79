"""How the number in Redis comes to be, and how it follows what the back office does."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Literal

from redis import RedisError

from common.catalog import find_sale
from common.database import Db, Sql
from common.shop import Catalog, NoSuchSale, SaleChanged
from stages.s05_redis_stock.counter import StockCounter, flag
from stages.s05_redis_stock.flags import SoldOutFlags

log = logging.getLogger(__name__)


class WarmUp:
    """Copies a sale from MariaDB to Redis if it is not there: stock, purchases, and the presses that bought.

    Guarantees that a running sale is never reset, by a restart or by any number of processes at once: the
    copy is put only where there is none. Guarantees that an order or a restock that commits after the
    database was read is not missed: it ends the epoch, and the copy is refused. Does not know of units that
    were held when Redis lost its memory: MariaDB never heard of them, so they are on sale again.
    """

    def __init__(self, sql: Sql, counter: StockCounter) -> None:
        self._sql = sql
        self._counter = counter

    def __call__(self, sale_id: int) -> bool:
        """Whether the stock is there now. False: the database changed while it was read; try again."""
        epoch = self._counter.begin_warm_up(sale_id)
        with self._sql() as db, db.transaction():  # three looks at one snapshot
            sale = find_sale(db, sale_id)
            bought, requests = purchases(db, sale_id), presses(db, sale_id)
        if sale is None:
            raise NoSuchSale
        return self._counter.warm(sale, epoch, bought, requests)


def purchases(db: Db, sale_id: int) -> dict[int, int]:
    """Units by buyer."""
    rows = db.all("SELECT buyer_id, bought FROM purchases WHERE sale_id = %s AND bought > 0", sale_id)
    return {row["buyer_id"]: row["bought"] for row in rows}


def presses(db: Db, sale_id: int) -> dict[str, str]:
    """The presses that have an order, as reserve.lua remembers them."""
    rows = db.all(
        "SELECT id, buyer_id, request_key, quantity FROM orders"
        " WHERE sale_id = %s AND request_key IS NOT NULL",
        sale_id,
    )
    return {
        f"{row['buyer_id']}:{row['request_key']}": f"{row['id']} {row['quantity']} ordered" for row in rows
    }


class Adjustments:
    """A listener: has Redis follow the sale's row as it is now, and warms up what is published.

    Guarantees that each version counts once, however often and in whatever order it is told. Does not fail
    the change when Redis is away: `CatchUp` is the net below.
    """

    def __init__(
        self, sql: Sql, counter: StockCounter, flags: SoldOutFlags, warm_up: Callable[[int], bool]
    ) -> None:
        self._sql = sql
        self._counter = counter
        self._flags = flags
        self._warm_up = warm_up

    def __call__(self, event: SaleChanged) -> None:
        with self._sql() as db:
            sale = find_sale(db, event.sale_id)
        if sale is None:
            return
        try:
            if not self._counter.adjust(sale) and sale.state == "published":
                self._warm_up(sale.id)
        except RedisError as error:
            log.warning("the stock of sale %s does not follow yet: %s", sale.id, error)
        self._flags.drop(flag(sale.id))  # the other processes hear of it from adjust.lua


class CatchUp:
    """A service in each web process: applies what an event that was lost should have told.

    An event is told at most once: a process may die between its commit and the call. The cached catalog,
    never older than its times to live, knows the newest version all the same, and asking it costs no SQL. So
    a lost restock is on sale about 2.5 s later at most. (A lost close is obeyed at once, by the ledger.)
    """

    where: Literal["web"] = "web"

    def __init__(self, catalog: Catalog, counter: StockCounter, every: float = 1.0) -> None:
        self._catalog = catalog
        self._counter = counter
        self._every = every
        self._seen: dict[int, int] = {}

    def run(self, stop: Callable[[], bool]) -> None:
        while not stop():
            try:
                self.look()
            except RedisError as error:
                log.warning("not catching up: %s", error)
            time.sleep(self._every)

    def look(self) -> None:
        """Once: adjust every sale whose version this process has not seen."""
        for sale in self._catalog.list():
            if self._seen.get(sale.id) != sale.version:
                self._counter.adjust(sale)
                self._seen[sale.id] = sale.version
