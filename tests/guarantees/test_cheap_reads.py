"""`cheap_reads`: a thousand reads, of a sale or of none, cost a handful of SQL statements."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.guarantees.conftest import Cell
from tests.guarantees.finding import Finding
from tests.world import Selects, World

READS = 500
HANDFUL = 10


def look(shop: World) -> Finding:
    sale = shop.new_sale(units=1)
    ids = [sale.id] * READS + list(range(sale.id + 1, sale.id + READS + 1))
    count = Selects(shop)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(shop.shop.catalog.get, ids))
    statements = count.since()
    met = answers[:READS] == [sale] * READS and answers[READS:] == [None] * READS
    return Finding(statements <= HANDFUL, met, f"{2 * READS} reads cost {statements} statements")


def test_cell(cell: Cell, world: Callable[..., World]) -> None:
    cell.settle(look(world(cell.stage.code)))
