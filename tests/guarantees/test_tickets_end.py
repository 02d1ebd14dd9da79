"""`tickets_end`: each ticket ends once, with an order or with its units back, wherever a worker is killed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from common.backends import Backends
from common.proof import crash, jobs
from common.proof.oracle import judge
from common.proof.steps import Watcher
from common.settings import Settings
from common.shop import Sale, Shop, Ticket
from stages.s06_queue import foils
from tests.guarantees.conftest import Cell
from tests.guarantees.finding import Finding
from tests.world import World


@dataclass(frozen=True)
class WorkOnce:
    """One job run once, its round trips watched. Goes into a process of its own."""

    create_shop: Callable[[Backends], Shop]
    code: str
    settings: Settings
    job: jobs.Queued

    def __call__(self, watcher: Watcher) -> object:
        shop = self.create_shop(Backends.connect(self.code, self.settings).observe(watcher))
        return shop.tasks[self.job.task].run(self.job.payload)


@dataclass
class Case:
    """A ticket in the queue of a sale of one unit, its job taken off by a worker."""

    shop: World
    can_be_ordered: bool

    def __post_init__(self) -> None:
        self.sale: Sale = self.shop.new_sale(units=1)
        ticket = self.shop.shop.buy(self.shop.attempt(self.sale, buyer=1))
        assert isinstance(ticket, Ticket)
        self.seen = [ticket]
        if not self.can_be_ordered:
            self.shop.office.restock(self.sale.id, -1)
        queued = jobs.take_all(self.shop.shop, self.shop.backends, self.sale.id)
        [self.job] = [job for job in queued if job.payload == {"ticket": ticket.id}]

    def look(self) -> Ticket:
        """What the buyer who asks is told now."""
        tickets = self.shop.shop.tickets
        assert tickets
        ticket = tickets.get(self.seen[0].id)
        assert ticket
        self.seen.append(ticket)
        return ticket

    def run_again(self) -> None:
        """As RQ does when a worker is gone; and once more, since it delivers at least once."""
        for _ in range(2):
            self.shop.shop.tasks[self.job.task].run(self.job.payload)
            self.look()

    def wrong(self) -> str:
        """What the oracle finds wrong."""
        found = replace(self.shop.facts(self.sale), tickets={self.seen[0].id: self.seen})
        return "; ".join(f"{v.name}: {v.sentence}" for v in judge(found) if v.state == "broken")


def look(shop: World, settings: Settings) -> Finding:
    """Kill the worker after each step in turn: of a job that ends in an order, and of one that cannot."""
    harm, kills, ends, early = [], 0, set(), 0
    for can_be_ordered in (True, False):
        work = partial(WorkOnce, shop.create_shop, shop.stage.code, settings)
        steps = crash.count_steps(work(Case(shop, can_be_ordered).job))
        for step in range(1, steps + 1):
            case = Case(shop, can_be_ordered)
            dead = crash.die_after(step, work(case.job))
            with shop.backends.sql() as db:
                crash.wait_until_gone(db, dead.sessions)
            kills, early = kills + 1, early + (not case.look().ended)
            case.run_again()
            ends.add(case.seen[-1].state)
            if wrong := case.wrong():
                harm.append(f"killed after {dead.steps[-1].split()[0]}: {wrong}")
    met = 0 < early < kills and "ordered" in ends  # some died too early for an end, some too late
    said = f"{kills} workers killed, one after each step of a job"
    return Finding(not harm, met, "; ".join(harm) or f"{said}: each ticket ended once")


def test_cell(cell: Cell, world: Callable[..., World], settings: Settings) -> None:
    cell.settle(look(world(cell.stage.code), settings))


@pytest.mark.parametrize(
    ("plugs", "words"),
    [
        ({"job": foils.LeavesItToTheOther}, "0 of 1 tickets have ended"),
        ({"counter": foils.KeepsTheUnits}, "1 lost"),
    ],
    ids=["leaves it to the other", "keeps the units"],
)
def test_a_foil_breaks_it(
    world: Callable[..., World], settings: Settings, plugs: dict[str, Any], words: str
) -> None:
    finding = look(world("s06", **plugs), settings)
    assert not finding.kept
    assert words in finding.evidence
