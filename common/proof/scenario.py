"""Scenarios: who meets whom at which sale. Each actor does one thing; the schedules say in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from common.backoffice import BackOffice
from common.ids import new_id
from common.proof.facts import Facts
from common.proof.history import Told
from common.proof.oracle import Verdict, judge
from common.proof.schedule import Run
from common.shop import Attempt, Order, Refused, Sale, Shop

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)  # the time of every clock: no schedule depends on the hour

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MOST_ACTORS = len(LETTERS)


@dataclass(frozen=True)
class Scene:
    """The sale and the buyers of one playing, never used before; in texts they go by small numbers."""

    sale_id: int

    def buyer_id(self, number: int) -> int:
        return self.sale_id + number

    def tidy(self, text: str) -> str:
        for number in range(1, MOST_ACTORS + 1):
            text = text.replace(str(self.buyer_id(number)), str(number))
        return text.replace(str(self.sale_id), "7")


class Titled(Protocol):
    """Somebody in a diagram. `title` is who it is."""

    @property
    def title(self) -> str: ...


class Cast(Protocol):
    """Who meets whom, as far as a diagram needs to know."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def actors(self) -> Mapping[str, Titled]: ...


class Action(Titled, Protocol):
    """What one actor does."""

    def __call__(self, shop: Shop, office: BackOffice, scene: Scene) -> object: ...


@dataclass(frozen=True)
class Press:
    """A buyer presses the button once, with a key of its own unless `key` is given."""

    title: str
    buyer: int
    quantity: int = 1
    key: str | None = None

    def __call__(self, shop: Shop, office: BackOffice, scene: Scene) -> object:  # noqa: ARG002 - see Action
        return shop.buy(
            Attempt(
                id=new_id(),
                sale_id=scene.sale_id,
                buyer_id=scene.buyer_id(self.buyer),
                quantity=self.quantity,
                key=self.key or new_id(),
                client="127.0.0.1",
                deadline=NOW + timedelta(seconds=10),
            )
        )

    def told(self, scene: Scene, number: int, outcome: object) -> Told:
        """What this buyer was told, for the oracle."""
        order = outcome if isinstance(outcome, Order) else None
        refused = outcome if isinstance(outcome, Refused) and outcome.status < 500 else None
        now = NOW.timestamp()
        return Told(
            attempt=number,
            buyer_id=scene.buyer_id(self.buyer),
            quantity=self.quantity,
            key=self.key or str(number),
            planned_at=now,
            sent_at=now,
            answered_at=now,
            status=None,
            outcome="accepted" if order else "refused" if refused else "unknown",
            code=refused.type if refused else None,
            order_id=order.id if order else None,
        )


@dataclass(frozen=True)
class Desk:
    """The back office does one thing."""

    title: str
    do: Callable[[BackOffice, int], Sale]

    def __call__(self, shop: Shop, office: BackOffice, scene: Scene) -> object:  # noqa: ARG002 - see Action
        return self.do(office, scene.sale_id)


Rule = Callable[[Run], Verdict]


@dataclass(frozen=True)
class Scenario:
    """A sale with `units` and a `limit`, and what happens to it at once. Actors go by A, B, … in order.

    `rules` judge what the oracle cannot know, because it depends on the order of the moves.
    """

    name: str
    title: str
    units: int
    limit: int
    actions: tuple[Action, ...]
    rules: tuple[Rule, ...] = ()

    @property
    def actors(self) -> Mapping[str, Action]:
        return dict(zip(LETTERS, self.actions, strict=False))

    def broken(self, run: Run, scene: Scene, facts: Callable[[Sequence[Told]], Facts]) -> tuple[Verdict, ...]:
        """The guarantees that this run broke, by the oracle's rules and the scenario's own."""
        history = [
            action.told(scene, number, run.outcomes[name])
            for number, (name, action) in enumerate(self.actors.items(), start=1)
            if isinstance(action, Press)
        ]
        verdicts = [*judge(facts(history)), *(rule(run) for rule in self.rules)]
        return tuple(verdict for verdict in verdicts if verdict.state == "broken")
