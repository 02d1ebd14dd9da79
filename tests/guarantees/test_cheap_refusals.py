"""`cheap_refusals`: an attempt that is refused costs no SQL statement."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from common.shop import Outcome, Refused, Sale
from stages.s05_redis_stock.stock import RedisStock
from tests.guarantees.conftest import Cell
from tests.guarantees.finding import Finding
from tests.world import Statements, World

EACH = 25  # attempts for each reason
REASONS = {"sold_out", "limit_reached", "not_open", "ended"}


def look(shop: World) -> Finding:
    """Attempts that are refused for every reason there is, at sales where somebody has bought before."""
    now = shop.clock()
    early = shop.new_sale(units=1, opens_at=now + timedelta(minutes=1))
    closed, sold_out, open_still = shop.new_sale(units=1), shop.new_sale(units=1), shop.new_sale(units=2)
    shop.office.close(closed.id)
    shop.buy(sold_out, buyer=1)
    shop.buy(open_still, buyer=1)
    crowd = [
        press
        for nth in range(EACH)
        for press in ((early, 10 + nth), (closed, 10 + nth), (sold_out, 10 + nth), (open_still, 1))
    ]
    count = Statements(shop)
    told = [refusal(shop, *press) for press in crowd]
    statements = count.since()
    met = set(told) == REASONS and len(told) == EACH * len(REASONS)
    return Finding(statements == 0, met, f"{len(told)} refused attempts cost {statements} statements")


def refusal(shop: World, sale: Sale, buyer: int) -> str:
    """What a press comes to, at the door or behind it."""
    try:
        outcome: Outcome = shop.shop.buy(shop.attempt(sale, buyer))
    except Refused as refused:
        return refused.type
    return type(outcome).__name__


def test_cell(cell: Cell, world: Callable[..., World]) -> None:
    cell.settle(look(world(cell.stage.code)))


class AsksTheDatabase(RedisStock):
    """s05 with a look at the sale's row first, "to be sure"."""

    def reserve(self, attempt):  # type: ignore[no-untyped-def]
        with self._warm_up._sql() as db:  # type: ignore[attr-defined]
            db.one("SELECT state FROM sales WHERE id = %s", attempt.sale_id)
        return super().reserve(attempt)


def test_one_statement_for_each_refusal_is_noticed(world: Callable[..., World]) -> None:
    finding = look(world("s05", stock=AsksTheDatabase))
    assert finding.met
    assert not finding.kept, finding.evidence


def test_refusals_cost_nothing_at_all_once_a_process_knows(world: Callable[..., World]) -> None:
    """Neither SQL nor Redis: with the flag up, the servers are not asked."""
    shop = world("s05")
    sale = shop.new_sale(units=1)
    shop.buy(sale, buyer=1)
    assert refusal(shop, sale, 2) == "sold_out"
    shop.backends.stock.connection_pool.disconnect()
    statements, commands = Statements(shop), shop.backends.stock.info("stats")["total_commands_processed"]
    told = {refusal(shop, sale, buyer) for buyer in range(3, 103)}
    assert told == {"sold_out"}
    assert statements.since() == 0
    assert shop.backends.stock.info("stats")["total_commands_processed"] - commands == 1  # this question
