"""The races of a shop with workers or consumers: what runs twice, meets buyers, and meets each other."""

from __future__ import annotations

from common.backoffice import BackOffice
from common.proof.door_scenarios import WITH_DOOR
from common.proof.limit_scenarios import WITH_LIMITS
from common.proof.scenario import Desk, Kill, Press, Scenario, Work
from common.proof.scenarios import SCENARIOS
from common.stages import Stage, guarantees

LOWER_THE_LIMIT = Desk(
    "back office", lambda office, sale: BackOffice.change(office, sale, {"buyer_limit": 1})
)
TAKE_ONE_BACK = Desk("back office", lambda office, sale: BackOffice.restock(office, sale, -1))

WITH_WORKERS = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            name="job-twice",
            title="Two workers run the same job",
            units=1,
            limit=1,
            before=(Press("buyer 1", buyer=1),),
            actions=(Work("worker 1"), Work("worker 2")),
        ),
        Scenario(
            name="two-jobs",
            title="Two workers run the jobs of two buyers",
            units=2,
            limit=1,
            before=(Press("buyer 1", buyer=1), Press("buyer 2", buyer=2)),
            actions=(Work("worker 1"), Work("worker 2", job=1)),
        ),
        Scenario(
            name="work-and-press",
            title="A worker writes the order of one press, while it is sent again",
            units=2,
            limit=2,
            before=(Press("buyer 1", buyer=1, key="k"),),
            actions=(Work("worker"), Press("buyer 1 again", buyer=1, key="k")),
        ),
        Scenario(
            name="return-and-press",
            title="A worker gives back what may not be ordered any more, while another buyer presses",
            units=2,
            limit=2,
            before=(Press("buyer 1", buyer=1, quantity=2), LOWER_THE_LIMIT),
            actions=(Work("worker"), Press("buyer 2", buyer=2)),
        ),
    )
}

PRESS_KILLED = Scenario(
    name="press-killed",
    title="A web process dies while it serves a press; the others live",
    units=1,
    limit=1,
    actions=(Press("web process", buyer=1), Kill()),
)
WORK_KILLED = Scenario(
    name="work-killed",
    title="Two presses wait; who writes their orders dies, and another one goes on",
    units=2,
    limit=1,
    before=(Press("buyer 1", buyer=1), Press("buyer 2", buyer=2)),
    actions=(Work("worker"), Kill()),
)
KILLED = {PRESS_KILLED.name: PRESS_KILLED, WORK_KILLED.name: WORK_KILLED}

WITH_JOURNAL = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            name="one-too-many",
            title="Two consumers work off a batch of two orders, of which one may not be written any more",
            units=2,
            limit=1,
            before=(Press("buyer 1", buyer=1), Press("buyer 2", buyer=2), TAKE_ONE_BACK),
            actions=(Work("consumer 1"), Work("consumer 2")),
        ),
        Scenario(
            name="drain-and-press",
            title="A consumer works off the order of one buyer, while another one presses",
            units=2,
            limit=1,
            before=(Press("buyer 1", buyer=1),),
            actions=(Work("consumer"), Press("buyer 2", buyer=2)),
        ),
    )
}


def scenarios_of(stage: Stage) -> dict[str, Scenario]:
    """The scenarios that can be played with this stage."""
    if {"worker", "consumer"} & {*stage.processes}:
        found = SCENARIOS | KILLED | WITH_WORKERS
    else:
        found = SCENARIOS | {PRESS_KILLED.name: PRESS_KILLED}
    if "consumer" in stage.processes:
        found |= WITH_JOURNAL
    if "rate_limited" in guarantees(stage):
        found |= WITH_LIMITS
    if "permit_once" in guarantees(stage):
        found |= WITH_DOOR
    return found
