"""What the grader calls, in the sandbox, together with your file. Each function gets `Backends` first."""

from __future__ import annotations

from hot import HotSales

from common.backends import Backends
from common.backoffice import BackOffice
from common.catalog import SqlCatalog
from common.shop import Sale


def hot_sales(b: Backends) -> HotSales:
    """As a process of the shop has it: nothing is kept in it from one call to the next."""
    return HotSales(b.cache, b.keys, b.clock, SqlCatalog(b.sql).get)


def warm(b: Backends, sale_id: int) -> None:
    hot_sales(b).warm(sale_id)


def look(b: Backends, sale_id: int) -> Sale | None:
    return hot_sales(b).get(sale_id)


def change(b: Backends, sale_id: int, price_cents: int) -> None:
    """The back office changes the price, and tells your listener after its commit."""
    BackOffice(b.sql, [hot_sales(b).changed]).change(sale_id, {"price_cents": price_cents})
