"""`fresh_reads`: a change made in one process is seen in every process within half a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from common.backoffice import BackOffice
from common.proof.steps import Step
from common.shop import Sale
from stages.s03_cache.foils import AnnouncesBeforeCommit
from stages.s03_cache.shared import SharedCache
from tests.guarantees.conftest import Cell
from tests.guarantees.finding import Finding
from tests.world import HandClock, World

BUDGET = 0.5  # seconds
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


def test_cell(cell: Cell, world: Callable[..., World], clock: HandClock) -> None:
    cell.settle(look(lambda **options: world(cell.stage.code, **options), clock))


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
