"""Deciding a guarantee by exploring schedules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from common.proof.explorer import Explorer
from common.proof.scenarios import SCENARIOS
from stages.s02_guarded_update.foils import JustATransaction
from tests.guarantees.conftest import Cell
from tests.guarantees.finding import Finding


def explore_all(explorer: Explorer, names: Sequence[str], guarantee: str, seed: int = 1) -> Finding:
    """Broken if any schedule of any of the scenarios breaks it. Fails if the actors never met."""
    broken = played = 0
    for name in names:
        found = explorer.explore(SCENARIOS[name], seed=seed)
        found.check_power()
        broken += len(found.breaking(guarantee))
        played += len(found.runs)
    return Finding(not broken, played > 0, f"broken in {broken} of {played} schedules")


class Race:
    """The tests of a guarantee that is a matter of schedules: its cells, and the foil that must break it."""

    guarantee: ClassVar[str]
    scenarios: ClassVar[Sequence[str]]

    def look(self, explorer: Explorer, seed: int = 1) -> Finding:
        return explore_all(explorer, self.scenarios, self.guarantee, seed)

    def test_cell(self, cell: Cell, explorer: Callable[..., Explorer]) -> None:
        cell.settle(self.look(explorer(cell.stage.code), cell.seed))

    def test_the_foil_that_only_adds_a_transaction_breaks_it(self, explorer: Callable[..., Explorer]) -> None:
        foil = explorer("s02", checkout=JustATransaction)
        finding = explore_all(foil, self.scenarios[:1], self.guarantee)
        assert not finding.kept, finding.evidence
