"""`fails_fast`: while a server stalls every buyer is answered, others go on, and all recovers by itself."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any

import pytest

from common.proof.steps import Server
from common.shop import Attempt, Busy, LastKnownSale, Order, Refused, Sale, Ticket, Unclear
from common.stages import find
from stages.s10_degradation import foils
from stages.s10_degradation.budget import TimeBudget
from tests.guarantees.conftest import Cell
from tests.guarantees.finding import Finding
from tests.stalling import THREADS, Stalling, Stallings
from tests.world import World

BOUND = (
    2.5  # seconds. Who keeps it answers within one; who breaks it waits for five (Redis) or ten (MariaDB).
)
PATIENCE = 20.0  # seconds for a recovery


class Asked:
    """What each of several buyers was told who asked at the same time, each in a thread of the process."""

    def __init__(self, asks: Mapping[str, Callable[[], object]]) -> None:
        self._threads = ThreadPoolExecutor(len(asks))
        self._asked = {self._threads.submit(ask): what for what, ask in asks.items()}

    def unanswered(self) -> list[str]:
        """Who has no answer within `BOUND`."""
        waiting = wait(self._asked, BOUND).not_done
        return sorted(self._asked[each] for each in waiting)

    def told(self) -> dict[str, object]:
        """Everything, in the end. An exception is an answer: the web layer has words for it."""
        self._threads.shutdown()
        return {what: each.exception() or each.result() for each, what in self._asked.items()}


def look(stalling: Stalling) -> Finding:
    """Each server stalls in turn, in the middle of a sale; the first harm is enough."""
    found = []
    for server in stalling.proxies:
        found.append(stalled(stalling, server))
        if not found[-1].kept:
            return found[-1]
    return Finding(True, all(each.met for each in found), "; ".join(each.evidence for each in found))


def stalled(stalling: Stalling, server: Server) -> Finding:
    shop, proxy = stalling.shop, stalling.proxies[server]
    sale = shop.new_sale(units=50, limit=2)
    assert isinstance(shop.buy(sale, buyer=1), Order)
    shop.shop.catalog.get(sale.id), shop.shop.catalog.list()
    press, later = shop.attempt(sale, buyer=2), shop.attempt(sale, buyer=3)
    stalling.forget_what_was_read()
    proxy.stall()
    try:
        asked = Asked(
            {
                "a press": partial(shop.shop.buy, stalling.renewed(press)),
                "the sale": partial(shop.shop.catalog.get, sale.id),
                "the list of sales": shop.shop.catalog.list,
            }
        )
        unanswered = asked.unanswered()
    finally:
        proxy.resume()
    told = asked.told()
    met = bool(unanswered) or any(shows_the_stall(each) for each in told.values())
    if unanswered:
        return Finding(False, met, f"{server} stalls: no answer to {', '.join(unanswered)}")
    if not met:
        return Finding(True, met, f"{server} stalls: nobody has asked it")
    harm = recovered(stalling, sale, [press, later])
    said = f"{server} stalls: all answered within {BOUND} s, {harm or 'and all is well afterwards'}"
    return Finding(not harm, met, said)


def shows_the_stall(told: object) -> bool:
    """Whether somebody was told what only a shop tells that has no answer itself."""
    old = isinstance(told, LastKnownSale) or (isinstance(told, list) and isinstance(told[0], LastKnownSale))
    return old or isinstance(told, Exception)


def recovered(stalling: Stalling, sale: Sale, presses: list[Attempt]) -> str:
    """What is not as it should be, or nothing: every press, sent (again), ends as one order, units add up."""
    shop = stalling.shop
    for press in presses:
        outcome = sent_until_taken(stalling, press)
        if outcome is None:
            return "and it does not recover"
        if not isinstance(shop.end_of(outcome), Order):
            return "and a press has no end"
    buyers = sorted(row["buyer_id"] for row in shop.orders(sale))
    return shop.broken(sale) or ("" if buyers == [1, 2, 3] else f"and orders are of {buyers}")


def sent_until_taken(stalling: Stalling, press: Attempt) -> Order | Ticket | None:
    """By a buyer who does as told, and sends the same press again."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        try:
            return stalling.shop.shop.buy(stalling.renewed(press))
        except (Busy, Unclear) as told:
            assert told.retry_after
            time.sleep(0.05)
    return None


def long_budget(code: str) -> dict[str, Any]:
    """Where requests have a budget: one so long that nobody in this proof comes to its end."""
    if "budget" not in inspect.signature(find(code).load().create_shop).parameters:
        return {}
    return {"budget": partial(TimeBudget, whole=60.0, call=60.0)}


def neighbours(stalling: Stalling) -> Finding:
    """Every thread of a process gets a press at a sale that stands still; then comes one at another sale."""
    shop = stalling.shop
    still, other = shop.new_sale(units=50), shop.new_sale(units=50)
    presses = [shop.attempt(still, buyer) for buyer in range(1, THREADS + 1)]
    press = shop.attempt(other, buyer=1)
    cool_down(shop, still)
    stalling.forget_what_was_read()
    stalling.proxies["MariaDB"].stall()
    try:
        with ThreadPoolExecutor(THREADS) as threads:
            first: list[Future[object]] = [
                threads.submit(shop.shop.buy, stalling.renewed(each)) for each in presses
            ]
            answered = wait([threads.submit(shop.shop.buy, stalling.renewed(press))], BOUND).done
            standing = sum(not each.done() for each in first)
            stalling.proxies["MariaDB"].resume()
    finally:
        stalling.proxies["MariaDB"].resume()
    took = any(each.exception() is None for each in answered)
    said = f"while {standing} of {THREADS} threads stood still, a press at another sale was "
    return Finding(took, standing > 0, said + ("taken" if took else "not answered"))


def cool_down(shop: World, sale: Sale) -> None:
    """Redis has lost the stock of this sale: the next press has to ask MariaDB."""
    names = ("stock", "bought", "requests", "epoch")
    shop.backends.stock.delete(*(shop.backends.keys(sale.id, name) for name in names))


def test_cell(cell: Cell, stalling: Stallings) -> None:
    code = cell.stage.code
    finding = look(stalling(code))
    if finding.kept:
        apart = neighbours(stalling(code, **long_budget(code)))
        finding = Finding(apart.kept, apart.met, f"{finding.evidence}; {apart.evidence}")
    cell.settle(finding)


def test_without_compartments_one_sale_takes_every_thread(stalling: Stallings) -> None:
    plugs = long_budget("s10")
    assert neighbours(stalling("s10", **plugs)).kept
    finding = neighbours(stalling("s10", bulkhead=foils.OnePool, **plugs))
    assert finding.met
    assert not finding.kept, finding.evidence


def test_before_there_were_compartments_neither(stalling: Stallings) -> None:
    finding = neighbours(stalling("s09"))
    assert finding.met
    assert not finding.kept, finding.evidence


def test_a_breaker_that_is_never_half_open_stays_open(
    stalling: Stallings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is back, and ten minutes later nobody has asked it."""
    monkeypatch.setattr(f"{__name__}.PATIENCE", 1.0)
    right, foil = stalling("s10"), stalling("s10", breaker=foils.NeverHalfOpens)
    for each in (right, foil):
        sale = each.shop.new_sale(units=5)
        presses = [each.shop.attempt(sale, buyer) for buyer in range(1, 5)]
        each.proxies["Redis"].stall()
        told = [refused(each, press) for press in presses[:3]]
        each.proxies["Redis"].resume()
        assert len(told) == 3
        assert each.shop.shop.silent() == ["stock"]
        each.clock.forward(600)
        assert (sent_until_taken(each, presses[3]) is not None) == (each is right)


def refused(stalling: Stalling, press: Attempt) -> Refused:
    with pytest.raises((Busy, Unclear)) as told:
        stalling.shop.shop.buy(stalling.renewed(press))
    return told.value
