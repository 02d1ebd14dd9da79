"""`no_early_entry`: nobody gets a permit before the sale opens by the shop's clock, nor buys without one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from common.proof import usual
from common.shop import NotOpen, Permit, PermitInvalid, PermitRequired, Refused, Sale, Visit
from stages.s09_permits import foils
from tests.guarantees.conftest import Cell
from tests.guarantees.finding import Finding
from tests.world import HandClock, World

Worlds = Callable[..., World]

MOMENT = 0.001  # seconds: times are kept to the millisecond


def look(shop: World, other: World, clock: HandClock) -> Finding:
    """Before the opening, at it, and after it was put off in another process; then without a permit."""
    wrong, opened = [], 0
    for asked in (shop, other):  # each process meets a sale that it has not seen, and one that it has
        sale = asked.new_sale(units=9, limit=9, opens_at=clock() + timedelta(seconds=60))
        wrong += entered(asked, sale, "a minute before")
        clock.forward(60 - MOMENT)
        wrong += entered(asked, sale, "a millisecond before")
        shop.office.change(sale.id, {"opens_at": clock() + timedelta(seconds=30)})
        clock.forward(MOMENT)
        wrong += entered(asked, sale, "when it was put off")
        clock.forward(30 - MOMENT)
        opened += knock(asked, sale, buyer=1) == "permit"
        wrong += bought_without(asked, sale)
    said = "; ".join(wrong) or "no permit before the opening by the shop's clock, and no unit without one"
    return Finding(not wrong, opened == 2, said)


def knock(shop: World, sale: Sale, buyer: int) -> str:
    assert shop.shop.door
    try:
        entry = shop.shop.door.enter(Visit(sale.id, buyer, "127.0.0.1"))
    except Refused as refused:
        return refused.type
    return type(entry).__name__.lower()


def entered(shop: World, sale: Sale, when: str) -> list[str]:
    """What is wrong with what a visitor gets now."""
    told = knock(shop, sale, buyer=1)
    return [] if told == NotOpen.type else [f"{when}: {told}"]


def bought_without(shop: World, sale: Sale) -> list[str]:
    """What is wrong with presses without a permit of their own for this sale, which is open and has units."""
    door, elsewhere = shop.shop.door, shop.new_sale(units=9, limit=9)
    assert door
    own = [door.enter(Visit(*who, client="127.0.0.1")) for who in ((sale.id, 2), (elsewhere.id, 1))]
    others, another_sales = (entry.token for entry in own if isinstance(entry, Permit))
    shown = {
        "none": None,
        "one of letters": "x" * 40,
        "one worked out": foils.secret_path(1),
        "another's": others,
        "one for another sale": another_sales,
        "one with another signature": others[:-1] + ("A" if others[-1] != "A" else "B"),
    }
    wrong = []
    for what, permit in shown.items():
        attempt = replace(usual.attempt(sale.id, 1, shop.clock()), permit=permit)
        try:
            shop.shop.buy(attempt)
        except (PermitRequired, PermitInvalid):
            continue
        wrong.append(f"bought with {what}")
    return wrong


def test_cell(cell: Cell, world: Worlds, clock: HandClock) -> None:
    code = cell.stage.code
    cell.settle(look(world(code), world(code), clock))


@pytest.mark.parametrize(
    ("plugs", "harm"),
    [
        ({"places": foils.OpensByTheVisitorsClock}, "a minute before: permit"),
        ({"permits": foils.SecretPath, "counter": foils.ChecksThePath}, "bought with one worked out"),
        ({"permits": foils.AcceptsAnyBuyer}, "bought with another's"),
    ],
    ids=["the visitor's clock", "secret path", "any buyer's permit"],
)
def test_a_foil_breaks_it(world: Worlds, clock: HandClock, plugs: dict[str, Any], harm: str) -> None:
    finding = look(world("s09", **plugs), world("s09", **plugs), clock)
    assert finding.met
    assert not finding.kept
    assert harm in finding.evidence
