"""`tickets_end`: each ticket ends once, with an order or with its units back, wherever a worker is killed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from common.proof import crash, jobs
from common.proof.oracle import judge
from common.settings import Settings
from common.shop import Sale, Ticket
from stages.s06_queue import foils
from stages.s07_journal import foils as journal_foils
from tests.guarantees.conftest import Cell
from tests.guarantees.finding import Finding
from tests.guarantees.working import WorkOnce
from tests.world import World


@dataclass
class Case:
    """Two tickets at a sale of two units, and the job of the first: of both, where there is a journal."""

    shop: World
    all_can_be_ordered: bool

    def __post_init__(self) -> None:
        self.sale: Sale = self.shop.new_sale(units=2)
        presses = [self.shop.shop.buy(self.shop.attempt(self.sale, buyer)) for buyer in (1, 2)]
        self.seen = {ticket.id: [ticket] for ticket in presses if isinstance(ticket, Ticket)}
        if not self.all_can_be_ordered:
            self.shop.office.restock(self.sale.id, -1)
        self.jobs = jobs.take_all(self.shop.shop, self.shop.backends, self.sale.id)

    def look(self) -> Ticket:
        """What the buyers who ask are told now; the answer to the first."""
        tickets = self.shop.shop.tickets
        assert tickets
        for name, seen in self.seen.items():
            ticket = tickets.get(name)
            assert ticket
            seen.append(ticket)
        return next(iter(self.seen.values()))[-1]

    def run_again(self) -> None:
        """As is done when a worker is gone; and once more, since it is done at least once."""
        for _ in range(2):
            for job in self.jobs:
                self.shop.shop.tasks[job.task].run(job.payload)
            jobs.work_off(self.shop.shop, self.shop.backends, self.sale.id)
            self.look()

    def wrong(self) -> str:
        """What the oracle finds wrong."""
        found = replace(self.shop.facts(self.sale), tickets=self.seen)
        return "; ".join(f"{v.name}: {v.sentence}" for v in judge(found) if v.state == "broken")


def look(shop: World, settings: Settings) -> Finding:
    """Kill the worker after each step in turn: where all can be ordered, and where one is refused."""
    harm, kills, ends, early = [], 0, set(), 0
    for all_can_be_ordered in (True, False):
        work = partial(WorkOnce, shop.create_shop, shop.stage.code, settings)
        steps = crash.count_steps(work(Case(shop, all_can_be_ordered).jobs[0]))
        for step in range(1, steps + 1):
            case = Case(shop, all_can_be_ordered)
            dead = crash.die_after(step, work(case.jobs[0]))
            with shop.backends.sql() as db:
                crash.wait_until_gone(db, dead.sessions)
            kills, early = kills + 1, early + (not case.look().ended)
            case.run_again()
            ends |= {seen[-1].state for seen in case.seen.values()}
            if wrong := case.wrong():
                harm.append(f"killed after {dead.steps[-1].split()[0]}: {wrong}")
    met = 0 < early < kills and "ordered" in ends  # some died too early for an end, some too late
    said = f"{kills} workers killed, one after each step of their work"
    return Finding(not harm, met, "; ".join(harm) or f"{said}: each ticket ended once")


def test_cell(cell: Cell, world: Callable[..., World], settings: Settings) -> None:
    cell.settle(look(world(cell.stage.code), settings))


@pytest.mark.parametrize(
    ("code", "plugs", "words"),
    [
        ("s06", {"job": foils.LeavesItToTheOther}, "1 of 2 tickets have ended"),
        ("s06", {"counter": foils.KeepsTheUnits}, "1 lost"),
        ("s07", {"counter": journal_foils.DropsTheRefused}, "1 lost"),
        ("s07", {"journal": journal_foils.NeverClaims}, "0 of 2 tickets have ended"),
    ],
    ids=["leaves it to the other", "keeps the units", "drops the refused", "never claims"],
)
def test_a_foil_breaks_it(
    world: Callable[..., World], settings: Settings, code: str, plugs: dict[str, Any], words: str
) -> None:
    finding = look(world(code, **plugs), settings)
    assert not finding.kept
    assert words in finding.evidence
