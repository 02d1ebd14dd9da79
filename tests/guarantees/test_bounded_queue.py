"""`bounded_queue`: no more tickets wait than there are places; one too many is refused, and takes nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial

from rq import Queue

from common.journal import JOURNAL, TASK
from common.proof.explorer import Explorer
from common.proof.scenario import Press, Scenario, Scene
from common.proof.schedule import in_step
from common.shop import Busy, Order
from common.worker import queue_name
from stages.s06_queue.foils import LooksAtTheLength, Unbounded
from tests.guarantees.conftest import Cell
from tests.guarantees.finding import Finding
from tests.world import World

PLACES, BUYERS = 3, 8
CROWD = Scenario(
    name="more-than-places",
    title="More buyers than places, a unit for each",
    units=BUYERS,
    limit=1,
    actions=tuple(Press(f"buyer {number}", buyer=number) for number in range(1, BUYERS + 1)),
)


def waiting(shop: World, scene: Scene) -> int:
    """Jobs in the queue, or entries in the journal of the sale."""
    if TASK in shop.shop.tasks:
        return int(shop.backends.stock.xlen(shop.backends.keys(scene.sale_id, JOURNAL)))
    return int(Queue(queue_name(shop.stage.code), connection=shop.backends.queue).count)


def look(explorer: Explorer, shop: World) -> Finding:
    """Everybody presses in step, and what waits is counted after every step. Then it is worked off."""
    lengths: list[int] = []
    run = explorer.play(CROWD, in_step, moved=lambda scene: lengths.append(waiting(shop, scene)))
    orders = sum(isinstance(outcome, Order) for outcome in run.outcomes.values())
    refused = [outcome for outcome in run.outcomes.values() if isinstance(outcome, Busy)]
    clear = orders + len(refused) == BUYERS and all(busy.retry_after for busy in refused)
    kept = max(lengths) <= PLACES and not run.broken and clear
    said = f"{BUYERS} buyers, {PLACES} places: up to {max(lengths)} waited, {len(refused)} were sent away"
    broken = "".join(f"; {verdict.name}: {verdict.sentence}" for verdict in run.broken)
    return Finding(kept, orders >= PLACES and max(lengths) >= PLACES, said + broken)


def test_cell(cell: Cell, explorer: Callable[..., Explorer], world: Callable[..., World]) -> None:
    code, counter = cell.stage.code, inspect.signature(cell.stage.load().create_shop).parameters["counter"]
    bounded = partial(counter.default, most=PLACES)
    cell.settle(look(explorer(code, counter=bounded), world(code)))


def test_a_look_at_the_length_bounds_nothing(
    explorer: Callable[..., Explorer], world: Callable[..., World]
) -> None:
    finding = look(explorer("s06", counter=Unbounded, queue=LooksAtTheLength), world("s06"))
    assert finding.met
    assert not finding.kept
    assert f"up to {BUYERS} waited" in finding.evidence
