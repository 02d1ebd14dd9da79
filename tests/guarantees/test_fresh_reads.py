"""`fresh_reads`: a change is seen in every process within half a second, and through an edge within one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from common.backoffice import BackOffice
from common.lab import Lab
from common.proof.steps import Step
from common.running import Running
from common.shop import Sale
from stages.s03_cache.foils import AnnouncesBeforeCommit
from stages.s03_cache.shared import SharedCache
from stages.s04_static_edge.foils import refreshes_in_the_background
from tests.edge import Run, ask, other_edge, state_url
from tests.guarantees.conftest import Cell
from tests.guarantees.finding import Finding
from tests.world import HandClock, World

BUDGET = 0.5  # seconds
END_TO_END = 1.0  # seconds, by the real clock: the edge's is one that nobody moves by hand
LASTING = partial(SharedCache, ttl=3600)  # no entry expires in mid-test


@dataclass
class Meanwhile:
    """A watcher that has something happen once, right after a sale was read from the database."""

    happen: Callable[[], object] = lambda: None
    happened: list[object] = field(default_factory=list)

    def before(self, step: Step) -> None:
        pass

    def after(self, step: Step, reply: str) -> None:
        if step.command.startswith("SELECT * FROM sales WHERE id") and not self.happened:
            self.happened.append(step)
            self.happen()


def look(make: Callable[..., World], clock: HandClock) -> Finding:
    """A change after a read, and one in the middle of a read. Who reads hears no message: the worst case."""
    meanwhile = Meanwhile()
    here, there, slow = make(), make(), make(watcher=meanwhile)
    sale = here.new_sale(units=1)
    met = there.shop.catalog.get(sale.id) == sale and sale in there.shop.catalog.list()

    changed = change(here, sale)
    clock.forward(BUDGET)
    kept = reads(there, changed)

    again = here.new_sale(units=1)
    changes: list[Sale] = []
    meanwhile.happen = lambda: changes.append(change(here, again))
    slow.shop.catalog.get(again.id)
    clock.forward(BUDGET)
    kept_again = not changes or (reads(there, changes[0]) and reads(slow, changes[0]))
    return Finding(
        kept and kept_again,
        met and bool(changes or not kept),
        f"{BUDGET} s after a change other processes read the {'new' if kept else 'OLD'} price;"
        f" after one in the middle of a read, the {'new' if kept_again else 'OLD'} one",
    )


def change(shop: World, sale: Sale) -> Sale:
    return shop.office.change(sale.id, {"price_cents": sale.price_cents + 1})


def reads(shop: World, sale: Sale) -> bool:
    return shop.shop.catalog.get(sale.id) == sale and sale in shop.shop.catalog.list()


def look_through_edge(running: Running, url: str | None = None) -> Finding:
    """A change at a moment when the edge holds a copy; then quiet, or somebody who never stops reading.

    Whoever begins to read `END_TO_END` after the commit must read the change.
    """
    quiet, met = read_after_change(running, state_url(running, url=url), keep_reading=False)
    busy, met_again = read_after_change(running, state_url(running, url=url), keep_reading=True)
    return Finding(
        quiet and busy,
        met and met_again,
        f"{END_TO_END} s after a change the edge gave the {'new' if quiet else 'OLD'} price"
        f" after a quiet time, the {'new' if busy else 'OLD'} one in mid-traffic",
    )


def read_after_change(running: Running, state: str, *, keep_reading: bool) -> tuple[bool, bool]:
    """Whether the change was read in time, and whether the edge held the old price when it was made."""
    give_up = time.monotonic() + 10
    while (held := ask(state)).headers["Seckill-Edge"] != "HIT" and time.monotonic() < give_up:
        pass  # the copy ran out between two reads
    old = json.loads(held.body)["price_cents"]
    path = f"/api/admin/sales/{state.rpartition('/')[2]}"
    running.admin("PATCH", path, {"price_cents": old + 1})
    deadline = time.monotonic() + END_TO_END  # the answer came after the commit, so this is the later moment
    while time.monotonic() < deadline:
        if keep_reading:
            ask(state)
        else:
            time.sleep(deadline - time.monotonic())
    return json.loads(ask(state).body)["price_cents"] == old + 1, held.headers["Seckill-Edge"] == "HIT"


def test_cell(cell: Cell, world: Callable[..., World], clock: HandClock, run: Run) -> None:
    finding = look(lambda **options: world(cell.stage.code, **options), clock)
    if "edge" in cell.stage.processes:
        through = look_through_edge(run(cell.stage.code))
        finding = Finding(
            finding.kept and through.kept,
            finding.met and through.met,
            f"{finding.evidence}; {through.evidence}",
        )
    cell.settle(finding)


def test_the_foil_that_refreshes_in_the_background_breaks_it(lab: Lab, run: Run) -> None:
    """The usual recipe for a micro-cache. In mid-traffic it looks right; after a quiet time it is not."""
    running = run("s04")
    finding = look_through_edge(running, other_edge(lab, running, refreshes_in_the_background))
    assert finding.met
    assert "OLD price after a quiet time" in finding.evidence, finding.evidence


def test_the_foil_that_announces_before_the_commit_breaks_it(
    world: Callable[..., World], clock: HandClock
) -> None:
    """A reader comes between the event and the commit, and puts the old row back into the shared cache."""

    class Hasty(World):
        @property
        def office(self) -> BackOffice:  # type: ignore[override]
            reader = world("s03", shared=LASTING)
            return AnnouncesBeforeCommit(
                self.backends.sql,
                [*self.shop.listeners, lambda event: reader.shop.catalog.get(event.sale_id) and None],
            )

    finding = look(lambda **options: world("s03", kind=Hasty, shared=LASTING, **options), clock)
    assert finding.met
    assert not finding.kept, finding.evidence
