"""Deciding a guarantee by exploring schedules."""

from __future__ import annotations

from collections.abc import Sequence

from common.proof.explorer import Explorer
from common.proof.scenarios import SCENARIOS
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
