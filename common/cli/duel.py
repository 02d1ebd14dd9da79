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
@click.option(
    "--page", is_flag=True, help="Side by side on a page, for a projector: a button sends the crowd."
)
def duel(
    *,
    one: Stage,
    other: Stage,
    buyers: int,
    units: int,
    seed: int,
    json_file: Path | None,
    picture: Path | None,
    page: bool,
) -> None:
    """Two stages, the same crowd, on the same machine, in turn.

    Not a race: what counts is the verdicts. The times are those of this machine today. With --page it goes on
    until Ctrl-C, and the files are of the duel that was held last.

    \b
    ./seckill duel s02 s06
    ./seckill duel s01 s06 --page
    ./seckill duel s03 s05 --buyers 2000 --picture duel.svg
    """
    if one == other:
        raise click.UsageError("A duel is between two stages.")

    from common.cli.console import new_console
    from common.demo import play
    from common.demo.contest import NOBODY, Crowd, Spectator
    from common.demo.verdict import comparison, drawn, save_json

    console = new_console()
    crowd = Crowd(buyers, units, seed)

    def hold(shops: play.Shops, spectator: Spectator = NOBODY) -> str:
        """Both contests, the verdict, and the files; the picture."""
        results = play.contests(console, shops, crowd, comparison, spectator)
        svg = drawn(results, comparison, f"./seckill duel {one.code} {other.code}")
        if json_file:
            save_json(json_file, results, crowd)
        if picture:
            picture.write_text(svg, "utf-8")
        return svg

    with play.open_shops(console, one, other, buyers) as shops:
        if not page:
            hold(shops)
            return
        from common.live import duelled

        with duelled(shops, crowd) as (duel, address):
            console.print(f"\n[bold]Duel:[/] {address}", soft_wrap=True)
            console.print("Its button sends the crowd, as often as you like. Ctrl-C ends it.")
            while True:
                duel.wait_for_start()
                duel.over(hold(shops, duel))
