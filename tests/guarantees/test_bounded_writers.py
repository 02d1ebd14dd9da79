"""`bounded_writers`: however many buy at once, no more orders are being written than there are workers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from common.proof.driver import Move
from common.proof.explorer import Explorer
from common.proof.scenario import Press, Scenario, Work
from common.proof.schedule import in_step
from common.shop import Order
from tests.guarantees.conftest import Cell
from tests.guarantees.finding import Finding

BUYERS = 12
WORKERS = 2
PRESSES = tuple(Press(f"buyer {number}", buyer=number) for number in range(1, BUYERS + 1))
AT_ONCE = Scenario("at-once", "Buyers at once, a unit for each", units=BUYERS, limit=1, actions=PRESSES)
WORKED_OFF = Scenario(
    name="worked-off",
    title="The workers of a shop that has taken these orders",
    units=BUYERS,
    limit=1,
    before=PRESSES,
    actions=tuple(Work(f"worker {number + 1}", job=number) for number in range(WORKERS)),
)


def look(explorer: Explorer) -> Finding:
    """The presses in step: nobody takes the next step before all have taken this one. Then the workers."""
    presses = explorer.play(AT_ONCE, in_step)
    ordered = [outcome for outcome in presses.outcomes.values() if isinstance(outcome, Order)]
    at_press, at_work = writers(presses.moves), 0
    if at_press == 0:  # then somebody else writes
        at_work = writers(explorer.play(WORKED_OFF, in_step).moves)
    met = len(ordered) > WORKERS and (at_press > WORKERS or at_work > 0)
    said = f"{BUYERS} buyers at once: {at_press} of them write to MariaDB at the same time"
    return Finding(at_press + at_work <= WORKERS, met, f"{said}, and {at_work} of {WORKERS} workers")


def writers(moves: Sequence[Move]) -> int:
    """The most actors at one time that had begun with MariaDB, and had not ended."""
    writing = [move.actor for move in moves if move.step.server == "MariaDB"]
    open_at = [
        sum(name in writing[: at + 1] and name in writing[at:] for name in set(writing))
        for at in range(len(writing))
    ]
    return max(open_at, default=0)


def test_cell(cell: Cell, explorer: Callable[..., Explorer]) -> None:
    cell.settle(look(explorer(cell.stage.code)))
