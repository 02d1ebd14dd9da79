"""The demo, step by step: servers, two shops, two contests, the verdict, and one shop that stays open."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from rich.console import Console

from common.cli.invitation import invite, stay
from common.demo.contest import SPREAD, Crowd, Result, hold
from common.demo.verdict import verdict
from common.demo.view import watch
from common.lab import Lab
from common.running import Running, run_stage
from common.stages import Stage


class Shops(NamedTuple):
    first: Running
    newest: Running


class Results(NamedTuple):
    first: Result
    newest: Result


def open_shops(lab: Lab, first: Stage, newest: Stage, buyers: int) -> Shops:
    """Both, side by side. The newest is started first: it stays open, so it gets the usual port."""
    stays = run_stage(lab, newest, buyers=buyers)
    return Shops(run_stage(lab, first, buyers=buyers), stays)


def contests(console: Console, shops: Shops, crowd: Crowd) -> Results:
    """The same crowd at each shop in turn, then the verdict."""
    attempts = len(crowd.presses)
    console.print(
        f"\n{crowd.buyers} buyers want {crowd.units} units: {attempts} attempts within {SPREAD} s,"
        " over HTTP, at each shop in turn."
    )
    results = []
    for shop in shops:
        with watch(console, shop.stage, attempts) as on_told:
            results.append(hold(shop, crowd, on_told))
    console.print()
    console.print(verdict(*results))
    return Results(*results)


def keep_open(console: Console, shops: Shops) -> None:
    """The newest shop stays open until Ctrl-C, which is no failure here: the verdict is given."""
    shops.first.web.stop()
    invite(console, shops.newest)
    with suppress(KeyboardInterrupt):
        stay(console, shops.newest)
