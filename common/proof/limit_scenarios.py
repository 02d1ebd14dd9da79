"""The races of a shop with rate limits: presses that meet at one that has little room left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from common.backoffice import BackOffice
from common.proof.oracle import Verdict
from common.proof.scenario import Press, Rule, Scenario, Scene
from common.proof.schedule import Run
from common.shop import Limit, Shop, TooMany

HOUR = 3600


@dataclass(frozen=True)
class SetLimits:
    """The back office says how often people may press. A shop without limits is left as it is."""

    title: str
    limits: Mapping[str, Limit | None]

    def __call__(self, shop: Shop, office: BackOffice, scene: Scene) -> object:  # noqa: ARG002 - see Action
        if shop.limits:
            shop.limits.change(self.limits)
        return None


def let_through(run: Run) -> list[str]:
    """Who was. What the shop said to them then is another matter."""
    return [name for name, outcome in run.outcomes.items() if not isinstance(outcome, TooMany)]


def at_most(count: int) -> Rule:
    def rate_limited(run: Run) -> Verdict:
        through = len(let_through(run))
        said = f"{through} of {len(run.outcomes)} presses were let through, by a limit of {count}"
        return Verdict("rate_limited", "broken" if through > count else "kept", said)

    return rate_limited


def the_other_gets_in(run: Run) -> Verdict:
    """What a buyer (A) over their own limit does costs the other one (B) no place."""
    if let_through(run) == ["B"]:
        return Verdict("rate_limited", "kept", "who was under every limit was let through, and nobody else")
    said = f"{' and '.join(let_through(run)) or 'nobody'} was let through, where only B was under every limit"
    return Verdict("rate_limited", "broken", said)


WITH_LIMITS = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            name="one-press-an-hour",
            title="Two buyers at a sale that takes one press an hour",
            units=2,
            limit=1,
            before=(SetLimits("back office", {"buyer": None, "sale": Limit(1, HOUR)}),),
            actions=(Press("buyer 1", buyer=1), Press("buyer 2", buyer=2)),
            rules=(at_most(1),),
        ),
        Scenario(
            name="two-limits",
            title="A buyer over their own limit, and one for whom the sale has room once more",
            units=3,
            limit=3,
            before=(
                SetLimits("back office", {"buyer": Limit(1, HOUR), "sale": Limit(2, HOUR)}),
                Press("buyer 1", buyer=1),
            ),
            actions=(Press("buyer 1 again", buyer=1), Press("buyer 2", buyer=2)),
            rules=(the_other_gets_in,),
        ),
    )
}
