"""What exploring the stages shows, in exact numbers where every schedule is played."""

from __future__ import annotations

from collections import Counter
from functools import partial
from math import comb
from typing import Any

import pytest

from common import database
from common.proof.driver import Move
from common.proof.explorer import Exploration, Explorer
from common.proof.scenarios import SCENARIOS, crowd
from common.proof.schedule import in_step
from common.settings import Settings
from common.shop import Order
from common.stages import find
from stages.s02_guarded_update.foils import JustATransaction
from stages.s02_guarded_update.variants import OptimisticCheckout, RowLockCheckout


def explore(settings: Settings, stage: str, scenario: str, most: int = 924, **plugs: Any) -> Exploration:
    create_shop = partial(find(stage).load().create_shop, **plugs)
    with Explorer(stage, create_shop, settings) as explorer:
        found = explorer.explore(SCENARIOS[scenario], most=most)
    found.check_power()
    kind = "all there are" if found.exhaustive else "bounded"
    print(f"{stage}, {scenario}: {len(found.runs)} schedules ({kind}) in {found.seconds:.1f} s")
    print(f"broken in: {dict(broken(found)) or 'none'}")
    return found


def broken(found: Exploration) -> Counter[str]:
    return Counter(verdict.name for run in found.runs for verdict in run.broken)


# Two buyers with four steps each have 70 schedules. Where the second one looks after the first has written
# the stock, it is refused at once: then 2 × 5 of them shrink to 2 × 2.
SOLD_OUT_IN_TIME = 2 * 2
BOTH_BUY = comb(8, 4) - 2 * 5

S01 = {
    "one-unit": (BOTH_BUY + SOLD_OUT_IN_TIME, {"no_oversell": BOTH_BUY, "conserved": BOTH_BUY}),
    "two-units": (BOTH_BUY + SOLD_OUT_IN_TIME, {"no_oversell": BOTH_BUY, "conserved": BOTH_BUY}),
    "two-presses": (comb(8, 4), {"purchase_limit": 60, "conserved": 54}),
    "restock": (104, {"conserved": 78}),
    "close": (101, {}),
    "two-and-three": (5, {}),
    "same-key": (comb(8, 4), {"retry_safe": comb(8, 4), "conserved": 60}),
    "take-back": (93, {"no_oversell": 78, "conserved": 78}),
    "two-readers": (comb(4, 2), {"cheap_reads": comb(4, 2)}),
    "three-readers": (90, {"cheap_reads": 90}),
}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_s01_breaks_in_exactly_so_many_schedules(settings: Settings, scenario: str) -> None:
    found = explore(settings, "s01", scenario)
    assert found.exhaustive
    assert (len(found.runs), broken(found)) == S01[scenario]
    assert found.deadlocked == []


def test_just_a_transaction_oversells_in_336_of_350_schedules(settings: Settings) -> None:
    """Only who reads after the other's commit learns of it: that is so in 2 × (1 + 6) schedules."""
    found = explore(settings, "s02", "one-unit", checkout=JustATransaction)
    assert found.exhaustive
    assert (len(found.runs), broken(found)["no_oversell"]) == (350, 350 - 2 * (1 + 6))


@pytest.mark.parametrize("stage", ["s02", "s03"])
def test_the_guard_holds_in_every_schedule_with_a_close(settings: Settings, stage: str) -> None:
    """The other scenarios are cells of the grid: see tests/guarantees."""
    found = explore(settings, stage, "close")
    assert broken(found) == {}
    assert found.deadlocked == []


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["one-unit", "two-units"])
def test_the_guard_holds_in_all_672_schedules_there_are(settings: Settings, scenario: str) -> None:
    found = explore(settings, "s02", scenario, most=2000)
    assert found.exhaustive
    assert (len(found.runs), broken(found), found.deadlocked) == (672, {}, [])


LATER = ("same-key", "two-readers", "three-readers")  # what s02 does not promise yet


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [name for name in SCENARIOS if name not in LATER])
@pytest.mark.parametrize("checkout", [RowLockCheckout, OptimisticCheckout])
def test_the_other_right_answers_hold_too(settings: Settings, checkout: Any, scenario: str) -> None:
    assert broken(explore(settings, "s02", scenario, checkout=checkout)) == {}


@pytest.mark.parametrize(("stage", "orders"), [("s01", 20), ("s02", 1), ("s03", 1), ("s05", 1)])
def test_a_crowd_in_step_gets_so_many_orders_for_one_unit(
    settings: Settings, stage: str, orders: int
) -> None:
    """Gate mode: all twenty look before any of them acts."""
    with Explorer(stage, find(stage).load().create_shop, settings) as explorer:
        run = explorer.play(crowd(20), in_step)
    assert sum(isinstance(outcome, Order) for outcome in run.outcomes.values()) == orders
    assert run.schedule.startswith("ABCDEFGHIJKLMNOPQRST" * 2), "they did not go in step: nothing is proved"


def test_snapshot_isolation_turns_each_oversell_into_an_error_and_the_guard_needs_none(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the default of MariaDB 11.6.2 and later, "just a transaction" fails in each schedule in which it
    oversells without."""
    assert "innodb_snapshot_isolation = OFF" in database.SESSION
    monkeypatch.setattr(database, "SESSION", database.SESSION.replace("isolation = OFF", "isolation = ON"))
    foil = explore(settings, "s02", "one-unit", checkout=JustATransaction)
    guard = explore(settings, "s02", "one-unit")
    failed = [run for run in foil.runs if any(is_changed_since_read(move) for move in run.moves)]
    assert broken(foil) == {}
    assert (len(foil.runs), len(failed)) == (350, 336)
    assert broken(guard) == {}


def is_changed_since_read(move: Move) -> bool:
    return "error 1020" in move.replies.values()
