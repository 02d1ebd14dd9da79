"""The races of a shop with a door: visitors who meet at it, and presses that show the same permit."""

from __future__ import annotations

from dataclasses import dataclass, replace

from common.backoffice import BackOffice
from common.proof import usual
from common.proof.oracle import Verdict
from common.proof.scenario import NOW, Rule, Scenario, Scene
from common.proof.schedule import Run
from common.shop import Order, Permit, Shop, Ticket, Visit

NAME = "permit_once"


@dataclass(frozen=True)
class Enter:
    """A buyer goes through the door, if there is one."""

    title: str
    buyer: int

    def __call__(self, shop: Shop, office: BackOffice, scene: Scene) -> object:  # noqa: ARG002 - see Action
        return shop.door and shop.door.enter(Visit(scene.sale_id, scene.buyer_id(self.buyer), "127.0.0.1"))


@dataclass(frozen=True)
class ShowPermit:
    """A buyer presses with the permit that was given out before; each key is another press."""

    title: str
    buyer: int
    key: str

    def __call__(self, shop: Shop, office: BackOffice, scene: Scene) -> object:  # noqa: ARG002 - see Action
        permit = next((got.token for _, got in scene.done if isinstance(got, Permit)), None)
        attempt = usual.attempt(scene.sale_id, scene.buyer_id(self.buyer), NOW, key=self.key)
        return shop.buy(replace(attempt, permit=permit))


def bought(run: Run) -> list[object]:
    """What each press got that got something."""
    return [outcome for outcome in run.outcomes.values() if isinstance(outcome, Order | Ticket)]


def one_permit_one_unit(run: Run) -> Verdict:
    """Two presses with one permit: one of them gets something, and the other nothing."""
    got = len(bought(run))
    said = f"{got} of {len(run.outcomes)} presses with one permit got something"
    return Verdict(NAME, "kept" if got == 1 else "broken", said)


def sent_again_keeps_it(run: Run) -> Verdict:
    """One press, sent twice with its permit: it has one order, and is told so twice."""
    ids = {each.id for each in bought(run) if isinstance(each, Order | Ticket)}
    if len(bought(run)) == len(run.outcomes) and len(ids) == 1:
        return Verdict(NAME, "kept", "one press, one order, told twice")
    return Verdict(NAME, "broken", f"one press sent twice: {len(bought(run))} answers, {len(ids)} orders")


def no_more_than(places: int) -> Rule:
    def proportional(run: Run) -> Verdict:
        out = sum(isinstance(outcome, Permit) for outcome in run.outcomes.values())
        said = f"{out} permits are out, of {places}"
        return Verdict("places", "broken" if out > places else "kept", said)

    return proportional


WITH_DOOR = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            name="one-permit",
            title="One permit, shown with two presses at once",
            units=5,
            limit=5,
            before=(Enter("buyer 1", buyer=1),),
            actions=(ShowPermit("first press", 1, "k"), ShowPermit("second press", 1, "l")),
            rules=(one_permit_one_unit,),
        ),
        Scenario(
            name="permit-sent-again",
            title="One press with its permit, sent twice",
            units=5,
            limit=5,
            before=(Enter("buyer 1", buyer=1),),
            actions=(ShowPermit("a press", 1, "k"), ShowPermit("the same press", 1, "k")),
            rules=(sent_again_keeps_it,),
        ),
        Scenario(
            name="two-visits",
            title="One buyer at the door twice at once",
            units=5,
            limit=5,
            actions=(Enter("first visit", buyer=1), Enter("second visit", buyer=1)),
        ),
    )
}
