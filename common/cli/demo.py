"""`./seckill demo`"""

from __future__ import annotations

from pathlib import Path

import click

from common.cli.file_to_write import FILE
from common.cli.stage_argument import STAGE
from common.stages import Stage


@click.command()
@click.option("--buyers", default=500, show_default=True, type=click.IntRange(2, 5000), help="How many come.")
@click.option(
    "--units", default=100, show_default=True, type=click.IntRange(1), help="How many units there are."
)
@click.option("--stage", type=STAGE, metavar="STAGE", help="The stage beside s01; the newest unless told.")
@click.option("--seed", default=1, show_default=True, help="Another number, another crowd.")
@click.option(
    "--json", "json_file", type=FILE, metavar="FILE", help="Write every figure and verdict as JSON."
)
@click.option("--picture", type=FILE, metavar="FILE", help="Write the verdict as a picture (SVG).")
def demo(
    *, buyers: int, units: int, stage: Stage | None, seed: int, json_file: Path | None, picture: Path | None
) -> int:
    """The same crowd against s01, which oversells, and the newest.

    Starts a real MariaDB and a real Redis of its own, sends the crowd over HTTP, and lets an independent
    oracle judge what became of it. On a terminal the shop of the newest stage then stays open. Exit code 0
    only if s01 oversold and the other stage kept everything; otherwise 1.

    \b
    ./seckill demo
    ./seckill demo --buyers 2000 --stage s02
    """
    if buyers < 2 * units:
        raise click.UsageError(
            f"--buyers must be at least {2 * units}, twice the units: else nobody fights over them"
        )

    from common import stages
    from common.cli.console import new_console
    from common.demo import play
    from common.demo.contest import Crowd
    from common.demo.verdict import conclusion, drawn, exit_code, save_json

    console = new_console()
    crowd = Crowd(buyers, units, seed)
    with play.open_shops(console, stages.find("s01"), stage or stages.newest(), buyers) as shops:
        results = play.contests(console, shops, crowd, conclusion)
        if json_file:
            save_json(json_file, results, crowd, ok=exit_code(*results) == 0)
        if picture:
            picture.write_text(drawn(results, conclusion, "./seckill demo"), "utf-8")
        if console.is_terminal:
            play.keep_open(console, shops)
    return exit_code(*results)
