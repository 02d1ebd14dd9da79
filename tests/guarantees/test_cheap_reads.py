"""`cheap_reads`: a thousand reads, of a sale or of none, cost a handful of SQL statements."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from common.proof.driver import WAKES
from common.proof.explorer import Explorer
from common.proof.scenarios import SCENARIOS
from common.proof.schedule import Run, in_step
from stages.s03_cache.foils import EachMissLoads, EachThreadLoads
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


def look_at_a_cold_cache(explorer: Explorer) -> Finding:
    """Two threads of one process, in every order in which they can come to a sale that no cache holds."""
    found = explorer.explore(SCENARIOS["two-readers"])
    found.check_power()
    asked = [statements(run) for run in found.runs]
    said = f"two readers of a cold sale ask {min(asked)} to {max(asked)} times in {len(asked)} schedules"
    return Finding(not found.breaking(), found.exhaustive and min(asked) > 0, said)


def statements(run: Run) -> int:
    return sum(move.step.server == "MariaDB" for move in run.moves)


def test_cell(cell: Cell, world: Callable[..., World], explorer: Callable[..., Explorer]) -> None:
    # The explorer comes last: the sales that it makes have ids that leave no room above the highest.
    many, cold = look(world(cell.stage.code)), look_at_a_cold_cache(explorer(cell.stage.code))
    evidence = f"{many.evidence}; {cold.evidence}"
    cell.settle(Finding(many.kept and cold.kept, many.met and cold.met, evidence))


@pytest.mark.parametrize(("readers", "schedules"), [("two-readers", 8), ("three-readers", 114)])
def test_one_thread_loads_and_the_others_wait_for_it(
    explorer: Callable[..., Explorer], readers: str, schedules: int
) -> None:
    """Whoever comes first takes four steps: begin, look, load, put. Two readers have 2 × 4 schedules."""
    found = explorer("s03").explore(SCENARIOS[readers])
    assert (len(found.runs), found.exhaustive) == (schedules, True)
    assert set(map(statements, found.runs)) == {1}
    waited = [run for run in found.runs if any(move.step == WAKES for move in run.moves)]
    assert len(waited) > schedules / 2, "hardly anybody ever waited for another thread"


def test_the_foil_without_single_flight_breaks_it(explorer: Callable[..., Explorer]) -> None:
    shop = explorer("s03", local=EachThreadLoads, shared=EachMissLoads)
    finding = look_at_a_cold_cache(shop)
    assert not finding.kept
    assert "ask 1 to 2 times" in finding.evidence
    assert statements(shop.play(SCENARIOS["three-readers"], in_step)) == 3
