"""Scenarios: who meets whom at which sale. Each actor does one thing; the schedules say in which order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from common.backoffice import BackOffice
from common.proof import usual
from common.proof.facts import Facts
from common.proof.history import Told
from common.proof.jobs import Queued
from common.proof.oracle import Verdict, judge
from common.proof.schedule import Run
from common.shop import Order, Refused, Sale, Shop, Unclear

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)  # the time of every clock: no schedule depends on the hour

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MOST_ACTORS = len(LETTERS)
LONG_NUMBER = re.compile(r"\d{16}")  # ids come from the clock, in microseconds


def noon() -> datetime:
    """The clock."""
    return NOW


@dataclass(frozen=True)
class Scene:
    """The sale and the buyers of one playing, never used before; in texts they go by small numbers.

    `done` is what was done before, and what came of it; `queued` the background jobs that it has left, for
    the workers among the actors.
    """

    sale_id: int
    queued: tuple[Queued, ...] = ()
    done: tuple[tuple[Action, object], ...] = ()

    def buyer_id(self, number: int) -> int:
        return self.sale_id + number

    def tidy(self, text: str) -> str:
        return LONG_NUMBER.sub(lambda found: self._small(int(found[0])), text)

    def _small(self, number: int) -> str:
        if number == self.sale_id:
            return "7"
        buyer = number - self.sale_id
        return str(buyer if 1 <= buyer <= MOST_ACTORS else number)


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
        buyer = scene.buyer_id(self.buyer)
        attempt = usual.attempt(scene.sale_id, buyer, NOW, self.quantity, self.key)
        return shop.buy(usual.let_in(shop, attempt))

    def told(self, scene: Scene, number: int, outcome: object) -> Told:
        """What this buyer was told, for the oracle."""
        order = outcome if isinstance(outcome, Order) else None
        refused = outcome if isinstance(outcome, Refused) and not isinstance(outcome, Unclear) else None
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
class Read:
    """A visitor looks at the sale."""

    title: str

    def __call__(self, shop: Shop, office: BackOffice, scene: Scene) -> object:  # noqa: ARG002 - see Action
        return shop.catalog.get(scene.sale_id)


@dataclass(frozen=True)
class Desk:
    """The back office does one thing."""

    title: str
    do: Callable[[BackOffice, int], Sale]

    def __call__(self, shop: Shop, office: BackOffice, scene: Scene) -> object:  # noqa: ARG002 - see Action
        return self.do(office, scene.sale_id)


@dataclass(frozen=True)
class Work:
    """A worker runs one of the jobs that are queued, the first unless `job` says another."""

    title: str
    job: int = 0

    def __call__(self, shop: Shop, office: BackOffice, scene: Scene) -> object:  # noqa: ARG002 - see Action
        queued = scene.queued[self.job]
        shop.tasks[queued.task].run(queued.payload)
        return None


class Ending(str):
    """What became of an actor, where that is not what its action returned: the words for it."""


@dataclass(frozen=True)
class Kill:
    """Ends the first actor, which is a real process for that, with SIGKILL (common.proof.killing)."""

    title: str = "kill -9"


Rule = Callable[[Run], Verdict]


@dataclass(frozen=True)
class Scenario:
    """A sale with `units` and a `limit`, and what happens to it at once. Actors go by A, B, … in order.

    `before` is done first, by one after the other, and its jobs are left to the actors. When all have ended,
    every job is run (once more), as a queue that delivers at least once may do. `rules` judge what the oracle
    cannot know, because it depends on the moves. With `one_process` the actors are threads that share a shop,
    which has shown the list of its sales and nothing else; otherwise each is a process with its own shop (a
    thread that plays one; a real one if there is a `Kill` to end it).
    """

    name: str
    title: str
    units: int
    limit: int
    actions: tuple[Action | Kill, ...]
    rules: tuple[Rule, ...] = ()
    before: tuple[Action, ...] = ()
    one_process: bool = False

    @property
    def actors(self) -> Mapping[str, Action | Kill]:
        return dict(zip(LETTERS, self.actions, strict=False))

    def broken(self, run: Run, scene: Scene, facts: Callable[[Sequence[Told]], Facts]) -> tuple[Verdict, ...]:
        """The guarantees that this run broke, by the oracle's rules and the scenario's own."""
        done = [*scene.done, *((action, run.outcomes[name]) for name, action in self.actors.items())]
        history = [
            action.told(scene, number, outcome)
            for number, (action, outcome) in enumerate(done, start=1)
            if isinstance(action, Press)
        ]
        verdicts = [*judge(facts(history)), *(rule(run) for rule in self.rules)]
        return tuple(verdict for verdict in verdicts if verdict.state == "broken")
