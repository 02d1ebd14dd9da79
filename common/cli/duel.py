"""`./seckill duel`"""

from __future__ import annotations

from pathlib import Path

import click

from common.cli.file_to_write import FILE
from common.cli.stage_argument import STAGE
from common.stages import Stage


@click.command()
@click.argument("one", type=STAGE, metavar="STAGE")
@click.argument("other", type=STAGE, metavar="STAGE")
@click.option("--buyers", default=500, show_default=True, type=click.IntRange(2, 5000), help="How many come.")
@click.option(
    "--units", default=100, show_default=True, type=click.IntRange(1), help="How many units there are."
)
@click.option("--seed", default=1, show_default=True, help="Another number, another crowd.")
@click.option(
    "--json", "json_file", type=FILE, metavar="FILE", help="Write every figure and verdict as JSON."
)
@click.option("--picture", type=FILE, metavar="FILE", help="Write the verdict as a picture (SVG).")
def duel(
    *,
    one: Stage,
    other: Stage,
    buyers: int,
    units: int,
    seed: int,
    json_file: Path | None,
    picture: Path | None,
) -> None:
    """Two stages, the same crowd, on the same machine, in turn.

    Not a race: what counts is the verdicts. The times are those of this machine today.

    \b
    ./seckill duel s02 s06
    ./seckill duel s03 s05 --buyers 2000 --picture duel.svg
    """
    if one == other:
        raise click.UsageError("A duel is between two stages.")

    from common.cli.console import new_console
    from common.demo import play
    from common.demo.contest import Crowd
    from common.demo.verdict import comparison, save_json, save_picture

    console = new_console()
    crowd = Crowd(buyers, units, seed)
    with play.open_shops(console, one, other, buyers) as shops:
        results = play.contests(console, shops, crowd, comparison)
    if json_file:
        save_json(json_file, results, crowd)
    if picture:
        save_picture(picture, results, comparison, f"./seckill duel {one.code} {other.code}")
