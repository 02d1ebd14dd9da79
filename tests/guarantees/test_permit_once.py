"""`permit_once`: a permit buys once; the same press sent again with it keeps its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from common.proof.door_scenarios import NAME, WITH_DOOR
from common.proof.explorer import Explorer
from common.proof.steps import Recorder
from common.shop import PermitInvalid, Refused
from stages.s09_permits import foils
from tests.guarantees import test_retry_safe
from tests.guarantees.conftest import Cell
from tests.guarantees.finding import Finding
from tests.guarantees.test_retry_safe import LosesReply, Networks, buy, networks, send_again
from tests.world import World

Worlds = Callable[..., World]
Explorers = Callable[..., Explorer]

__all__ = ["networks"]

UNITS = test_retry_safe.UNITS


def at_once(explorer: Explorer) -> Finding:
    """One permit with two presses, and one press sent twice, in every order of their steps."""
    broken = played = 0
    for name in ("one-permit", "permit-sent-again"):
        found = explorer.explore(WITH_DOOR[name])
        found.check_power()
        assert found.exhaustive
        broken += len(found.breaking(NAME))
        played += len(found.runs)
    return Finding(not broken, played > 2, f"broken in {broken} of {played} schedules")


def replies_lost(shop: World, networks: Networks) -> Finding:
    """A press whose reply from Redis is lost, each in turn, is sent again; then its permit is shown anew."""
    counted = Recorder()
    buy(shop, shop.backends.settings, counted, shop.attempt(shop.new_sale(UNITS, UNITS), buyer=1))
    steps, lost, wrong = len(counted.steps), 0, []
    proxy = networks.proxies["Redis"]
    for number in range(1, steps + 1):
        sale, before = shop.new_sale(UNITS, UNITS), proxy.lost
        attempt = shop.attempt(sale, buyer=1)
        told = buy(shop, networks.settings, LosesReply("Redis", number, proxy), attempt)
        lost += proxy.lost - before
        harm = send_again(shop, sale, attempt, told) or shown_anew(shop, replace(attempt, key="another"))
        wrong += [f"reply {number} lost: {harm}"] if harm else []
    said = "; ".join(wrong) or f"each of {steps} replies lost: one unit, and the permit is used up"
    return Finding(not wrong, lost == steps > 0, said)


def shown_anew(shop: World, attempt: Any) -> str:
    """What is wrong with another press that shows the same permit."""
    try:
        shop.shop.buy(attempt)
    except PermitInvalid:
        return ""
    except Refused as refused:
        return f"another press was told {refused.type}"
    return "the permit bought again"


def look(shop: World, explorer: Explorer, networks: Networks) -> Finding:
    found = [at_once(explorer), replies_lost(shop, networks)]
    return Finding(
        all(each.kept for each in found),
        all(each.met for each in found),
        "; ".join(each.evidence for each in found),
    )


def test_cell(cell: Cell, world: Worlds, explorer: Explorers, networks: Networks) -> None:
    cell.settle(look(world(cell.stage.code), explorer(cell.stage.code), networks))


FOILS = {
    "looks, then deletes": {"counter": foils.LooksThenDeletes},
    "deletes first": {"counter": foils.DeletesFirst},
    "secret path": {"permits": foils.SecretPath, "counter": foils.ChecksThePath},
}


@pytest.mark.parametrize("name", FOILS)
def test_a_foil_breaks_it_at_once(explorer: Explorers, name: str) -> None:
    finding = at_once(explorer("s09", **FOILS[name]))
    assert finding.met
    assert not finding.kept, finding.evidence


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("looks, then deletes", "it was told permit_invalid in the end"),
        ("deletes first", "it was told permit_invalid in the end"),
        ("secret path", "the permit bought again"),
    ],
)
def test_a_foil_breaks_it_when_a_reply_is_lost(
    world: Worlds, networks: Networks, name: str, harm: str
) -> None:
    finding = replies_lost(world("s09", **FOILS[name]), networks)
    assert finding.met
    assert not finding.kept
    assert harm in finding.evidence
