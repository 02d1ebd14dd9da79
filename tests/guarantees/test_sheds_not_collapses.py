"""`sheds_not_collapses`: asked for five times what it can do, a shop does 0.8 of what it can at most."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from common.settings import Settings
from common.shop import Attempt
from stages.s10_degradation import foils
from tests.guarantees.conftest import Cell
from tests.guarantees.finding import Finding
from tests.overload import SERVICE, Process, Station, goodput
from tests.world import HandClock, World

THREADS = 16
LOADS = (0.5, 0.9, 1.0, 5.0)  # times what the process can serve
SECONDS = 16  # of each load
SALES = 4
AT_LEAST = 0.8


def crowd(shop: World, presses: int, first: int) -> list[Attempt]:
    """At several sales, each buyer once."""
    sales = [shop.new_sale(units=10_000) for _ in range(SALES)]
    return [shop.attempt(sales[number % SALES], first + number) for number in range(presses)]


def look(code: str, settings: Settings, **plugs: Any) -> Finding:
    """The same process under one load after the other; the last is far more than it can bear."""
    clock, station = HandClock(), Station()
    shop = World(code, replace(settings, web_threads=THREADS), clock, watcher=station, **plugs)
    process = Process(shop.shop, clock, station, THREADS)
    found = []
    for number, load in enumerate(LOADS):
        presses = crowd(shop, round(SECONDS * load / SERVICE), first=1 + number * 10_000)
        served = process.run(presses, load / SERVICE)
        found.append(goodput(served))
    shop.close()
    peak, overloaded = max(found), found[-1]
    said = (
        f"at {LOADS[-1]:.0f} times what it can serve, {overloaded:.1f} presses a second are answered in time,"
        f" of {peak:.1f} at most"
    )
    return Finding(overloaded >= AT_LEAST * peak, peak >= AT_LEAST / SERVICE, said)


def test_cell(cell: Cell, settings: Settings) -> None:
    cell.settle(look(cell.stage.code, settings))


def test_a_limit_that_does_not_adapt_is_no_help_where_it_was_not_measured(settings: Settings) -> None:
    """It sends presses away, and lets in as many as a faster server could serve in time."""
    finding = look("s10", settings, adaptive=foils.FixedLimit)
    assert finding.met
    assert not finding.kept, finding.evidence
