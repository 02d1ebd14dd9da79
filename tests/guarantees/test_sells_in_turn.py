"""`sells_in_turn`: to buyers who come one after another, exactly as many units are sold as there are."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from common.shop import SoldOut
from stages.s01_naive.foils import SellsOneTooMany
from tests.guarantees.conftest import Cell
from tests.guarantees.finding import Finding
from tests.world import World

UNITS = 5


def look(shop: World) -> Finding:
    """Twice as many buyers as units, one after another."""
    sale = shop.new_sale(units=UNITS)
    refused = 0
    for buyer in range(2 * UNITS):
        with suppress(SoldOut):
            shop.buy(sale, buyer)
            continue
        refused += 1
    orders = len(shop.orders(sale))
    return Finding(orders == UNITS, refused > 0, f"{orders} orders for {UNITS} units")


def test_cell(cell: Cell, world: Callable[..., World]) -> None:
    cell.settle(look(world(cell.stage.code)))


def test_the_foil_that_is_off_by_one_breaks_it(world: Callable[..., World]) -> None:
    finding = look(world("s01", checkout=SellsOneTooMany))
    assert not finding.kept, finding.evidence
