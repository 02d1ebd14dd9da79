"""`amortised_commits`: under load, at least fifty orders share one commit."""

from __future__ import annotations

from collections.abc import Callable

from common.proof import jobs
from common.proof.steps import Recorder
from common.shop import Order
from stages.s06_queue.ledger import TicketLedger
from tests.guarantees.conftest import Cell
from tests.guarantees.finding import Finding
from tests.world import World

BUYERS = 200
ENOUGH = 50  # orders for each commit


def look(shop: World, heard: Recorder) -> Finding:
    """Everybody presses before the first order is written, if they are written later. Counted, not timed."""
    sale = shop.new_sale(units=BUYERS)
    heard.steps.clear()
    told = [shop.shop.buy(shop.attempt(sale, buyer)) for buyer in range(1, BUYERS + 1)]
    jobs.work_off(shop.shop, shop.backends, sale.id)
    count, orders = commits(heard), len(shop.orders(sale))
    at_once = sum(isinstance(outcome, Order) for outcome in told)
    said = f"{orders} orders, {at_once} of them at the press; commits: {count}"
    wrong = shop.broken(sale)
    return Finding(orders >= ENOUGH * count and not wrong, count > 0 and orders == BUYERS, said + wrong)


def commits(heard: Recorder) -> int:
    """Transactions that wrote an order: by a COMMIT, or by a statement outside BEGIN and COMMIT."""
    count, within, wrote = 0, False, False
    for step in heard.steps:
        word = step.command.split()[0]
        within = (within or word == "BEGIN") and word not in {"COMMIT", "ROLLBACK"}
        wrote = (wrote and word != "ROLLBACK") or step.command.startswith("INSERT INTO orders")
        if wrote and not within:
            count, wrote = count + 1, False
    return count


def test_cell(cell: Cell, world: Callable[..., World]) -> None:
    heard = Recorder()
    cell.settle(look(world(cell.stage.code, watcher=heard), heard))


def test_a_ledger_that_writes_a_batch_one_by_one_breaks_it(world: Callable[..., World]) -> None:
    heard = Recorder()
    finding = look(world("s07", ledger=TicketLedger, watcher=heard), heard)
    assert finding.met
    assert not finding.kept
    assert f"commits: {BUYERS}" in finding.evidence
