"""`./seckill crash`"""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING

import click

from common.cli.stage_argument import STAGE
from common.stages import Stage

if TYPE_CHECKING:
    from rich.table import Table

    from common.proof.sweep import Point


STATEMENT = 34  # characters of a statement that are shown


@click.command()
@click.argument("stage", type=STAGE, metavar="STAGE")
@click.option("--with", "plugs", multiple=True, metavar="NAME=PATH:CLASS", help="Plug another class in.")
def crash(stage: Stage, plugs: tuple[str, ...]) -> None:
    """Kill a purchase after each of its round trips, and see what leaks.

    One unit, one buyer. The process that buys dies by kill -9 after its first round trip, in the next try
    after its second, and so on. What it left behind is judged when MariaDB has rolled it back and the workers
    have done what they can. Then the same buyer presses once more. Exit code 0 whatever is found.

    \b
    ./seckill crash s05
    ./seckill crash s01
    """
    from contextlib import closing
    from functools import partial

    from common.cli.console import new_console
    from common.lab import Lab
    from common.proof.crash import SweepError
    from common.proof.sweep import Sweep
    from common.settings import Settings
    from common.web import seam

    create_shop = stage.load().create_shop
    create_shop = partial(create_shop, **seam.plugs(",".join(plugs), create_shop))
    console = new_console()
    points: list[Point] = []
    with Lab(say=console.print) as lab, console.status("killing …") as status:
        settings = Settings(mysql_url=lab.mysql.url, redis_url=lab.redis.url)
        with closing(Sweep(stage.code, create_shop, settings)) as crashes:
            try:
                for point in crashes.points():
                    points.append(point)
                    status.update(f"killed after step {point.step}: {point.statement}")
            except SweepError as error:
                raise click.ClickException(str(error)) from error
    console.print(f"\n[bold]{stage.name}[/]: one purchase, killed after each of {len(points)} round trips")
    console.print(draw(points))
    for line in conclusion(stage, points):
        console.print(line, markup=False)


def draw(points: list[Point]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column("killed after", no_wrap=True)
    table.add_column("order?", no_wrap=True)
    table.add_column("left behind", overflow="fold")
    table.add_column("pressing again", no_wrap=True)
    for each in points:
        again = f"{each.told}; owns {each.owned}"
        table.add_row(
            Text(f"{each.step} {in_one_line(each.statement)}"),
            "yes" if each.ordered else "no",
            Text(f"✘ {each.leaked}" if each.leaked else "✔ nothing lost", style=colour(each.leaked)),
            Text(f"✘ {again}" if each.again else f"✔ {again}", style=colour(each.again)),
        )
    return table


def colour(wrong: str) -> str:
    return "red" if wrong else "green"


def in_one_line(statement: str) -> str:
    """The beginning of it: RQ sends compressed data along, which is no sight for a terminal."""
    visible = "".join(each if each.isascii() and each.isprintable() else " " for each in statement)
    return shorten(visible, STATEMENT, placeholder=" …")


def conclusion(stage: Stage, points: list[Point]) -> list[str]:
    """Whether a crash can lose something, and cost the buyer something."""
    leaks = ", ".join(str(each.step) for each in points if each.leaked)
    wrongs = ", ".join(str(each.step) for each in points if each.again)
    lines = []
    if leaks:
        lines.append(f"✘ Killed after step {leaks}: something is lost.")
    if wrongs:
        lines.append(f"✘ Killed after step {wrongs}: the buyer who presses again does not own one unit.")
    return lines or [f"✔ Wherever {stage.name} dies, nothing is lost, and who presses again owns one unit."]
