"""`no_oversell`: live orders never exceed the stock."""

from __future__ import annotations

from collections.abc import Callable

from common.proof.explorer import Explorer
from stages.s02_guarded_update.foils import JustATransaction
from tests.guarantees.conftest import Cell
from tests.guarantees.finding import Finding
from tests.guarantees.schedules import explore_all

SCENARIOS = ("one-unit", "two-units")


def look(explorer: Explorer, seed: int = 1) -> Finding:
    return explore_all(explorer, SCENARIOS, "no_oversell", seed)


def test_cell(cell: Cell, explorer: Callable[..., Explorer]) -> None:
    cell.settle(look(explorer(cell.stage.code), cell.seed))


def test_the_foil_that_only_adds_a_transaction_breaks_it(explorer: Callable[..., Explorer]) -> None:
    finding = look(explorer("s02", checkout=JustATransaction))
    assert not finding.kept, finding.evidence
