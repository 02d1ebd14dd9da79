"""The demo, step by step: servers, two shops, two contests, the verdict, and one shop that stays open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from rich.console import Console

from common.cli.invitation import invite, stay
from common.demo.contest import NOBODY, SPREAD, Crowd, Result, Spectator, hold
from common.demo.verdict import Conclude, verdict
from common.demo.view import OnTold, watch
from common.lab import Lab
from common.ports import claimed
from common.proof.history import Told
from common.running import Running, run_stage
from common.stages import Stage


class Shops(NamedTuple):
    first: Running
    newest: Running


class Results(NamedTuple):
    first: Result
    newest: Result


@contextmanager
def open_shops(console: Console, first: Stage, newest: Stage, buyers: int) -> Iterator[Shops]:
    """Both, side by side on the same servers. The newest stays open later, so it gets the usual port."""
    with claimed() as usual, claimed() as other, Lab(say=console.print) as lab:
        stays = run_stage(lab, newest, port=usual, buyers=buyers)
        yield Shops(run_stage(lab, first, port=other, buyers=buyers), stays)


def contests(
    console: Console, shops: Shops, crowd: Crowd, conclude: Conclude, spectator: Spectator = NOBODY
) -> Results:
    """The same crowd at each shop in turn, then the verdict."""
    attempts = len(crowd.presses)
    console.print(
        f"\n{crowd.buyers} buyers want {crowd.units} units: {attempts} attempts within {SPREAD} s,"
        " over HTTP, at each shop in turn."
    )
    results = []
    for shop in shops:
        with watch(console, shop.stage, attempts) as show:
            results.append(hold(shop, crowd, Beside(show, spectator)))
    console.print()
    both = Results(*results)
    console.print(verdict(both, conclude))
    return both


class Beside(Spectator):
    """The view in the terminal, and whoever else looks."""

    def __init__(self, show: OnTold, other: Spectator) -> None:
        self._show, self._other = show, other

    def opened(self, running: Running, sale_id: int) -> None:
        self._other.opened(running, sale_id)

    def told(self, running: Running, told: Told) -> None:
        self._show(told)
        self._other.told(running, told)

    def judged(self, running: Running, result: Result) -> None:
        self._other.judged(running, result)


def keep_open(console: Console, shops: Shops) -> None:
    """The newest shop stays open until Ctrl-C, which is no failure here: the verdict is given."""
    for process in shops.first.processes:
        process.stop()
    invite(console, shops.newest)
    with suppress(KeyboardInterrupt):
        stay(console, shops.newest)
