"""The proofs notice: each planted bug is caught by the cell that should catch it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from common.proof.explorer import Explorer
from common.settings import Settings
from common.stages import find
from tests.guarantees import (
    planted,
    test_cheap_reads,
    test_crash_safe,
    test_fails_fast,
    test_fresh_reads,
    test_no_oversell,
    test_purchase_limit,
    test_sheds_not_collapses,
)
from tests.guarantees.conftest import Cell
from tests.guarantees.finding import Finding
from tests.stalling import Stallings
from tests.world import HandClock, World

Explorers = Callable[..., Explorer]
Worlds = Callable[..., World]


def test_a_dropped_guard_is_caught_by_no_oversell(explorer: Explorers) -> None:
    assert not test_no_oversell.TestNoOversell().look(explorer("s02", checkout=planted.GuardDropped)).kept


def test_a_limit_checked_outside_the_transaction_is_caught_by_purchase_limit(explorer: Explorers) -> None:
    assert (
        not test_purchase_limit.TestPurchaseLimit().look(explorer("s02", checkout=planted.LimitOutside)).kept
    )


def test_a_commit_before_the_insert_is_caught_by_crash_safe(world: Worlds, settings: Settings) -> None:
    finding = test_crash_safe.look(world("s02", checkout=planted.CommitBeforeInsert), settings)
    assert finding.met
    assert not finding.kept


@pytest.mark.parametrize("create_shop", [planted.s03_without_versions, planted.s03_that_tells_nobody])
def test_a_stale_entry_is_caught_by_fresh_reads(
    fresh: Callable[[str], object], world: Worlds, clock: HandClock, create_shop: Callable[..., object]
) -> None:
    fresh("s03")  # nothing in the caches that an earlier test left
    finding = test_fresh_reads.look(partial(world, "s03", create_shop=create_shop), clock)
    assert finding.met
    assert not finding.kept


def test_uncached_misses_are_caught_by_cheap_reads(world: Worlds) -> None:
    finding = test_cheap_reads.look(world("s03", create_shop=planted.s03_without_null_caching))
    assert finding.met
    assert not finding.kept


def test_calls_that_ask_no_budget_are_caught_by_fails_fast(stalling: Stallings) -> None:
    finding = test_fails_fast.look(stalling("s10", create_shop=planted.s10_without_a_guard_before_redis))
    assert finding.met
    assert not finding.kept


def test_a_limit_with_room_for_everybody_is_caught_by_sheds_not_collapses(settings: Settings) -> None:
    finding = test_sheds_not_collapses.look("s10", settings, adaptive=planted.NeverFull)
    assert finding.met
    assert not finding.kept


@pytest.mark.parametrize("kept", [True, False])
def test_a_cell_without_power_fails_whatever_it_shows(kept: bool) -> None:
    cell = Cell("no_oversell", find("s02"), 1, lambda _name, _value: None)
    with pytest.raises(AssertionError, match="nothing is proved"):
        cell.settle(Finding(kept, met=False, evidence=""))


def test_a_cell_fails_when_a_stage_is_better_or_worse_than_declared() -> None:
    keeps, breaks = (Cell("no_oversell", find(code), 1, lambda _n, _v: None) for code in ("s02", "s01"))
    keeps.settle(Finding(True, True, ""))
    breaks.settle(Finding(False, True, ""))
    with pytest.raises(AssertionError, match="declared to keep"):
        keeps.settle(Finding(False, True, ""))
    with pytest.raises(AssertionError, match="declared to break"):
        breaks.settle(Finding(True, True, ""))
