"""`./seckill bench`"""

from __future__ import annotations

from pathlib import Path

import click

from common.cli.file_to_write import FILE
from common.cli.stage_argument import STAGE
from common.stages import Stage


@click.command()
@click.argument("stages", type=STAGE, nargs=-1, metavar="[STAGE]...")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 20), help="How many.")
@click.option("--seconds", default=2, show_default=True, type=click.IntRange(1, 30), help="For each peak.")
@click.option(
    "--buyers", default=20_000, show_default=True, type=click.IntRange(100, 1_000_000), help="At the peaks."
)
@click.option(
    "--crowd", default=1000, show_default=True, type=click.IntRange(100, 5000), help="In the spike."
)
@click.option("--seed", default=1, show_default=True, help="Another number, another crowd.")
@click.option(
    "--json", "json_file", type=FILE, metavar="FILE", help="Write all that was measured, and pictures."
)
def bench(
    *, stages: tuple[Stage, ...], rounds: int, seconds: int, buyers: int, crowd: int, seed: int,
    json_file: Path | None,
) -> None:  # fmt: skip
    """What every stage can do, beside a bare Flask and a bare nginx.

    All of them run at the same time and are measured in turns, round after round: figures of one run may be
    compared with each other, and with nothing else. Peaks come from wrk (32 connections that never rest); the
    spike is a crowd that does not wait for answers, judged by the oracle. Takes about 15 seconds for each
    stage and round. Close other programs first.

    \b
    ./seckill bench
    ./seckill bench s02 s05 --rounds 5 --json bench.json
    """
    from common.bench import plot, report, run
    from common.cli.console import new_console
    from common.demo.contest import Crowd
    from common.stages import all_stages

    console = new_console()
    found = report.begin(console)
    plan = run.Plan(rounds, seconds, buyers, Crowd(crowd, crowd // 10, seed))
    with (
        run.shops(stages or all_stages(), buyers, seconds, console.print) as (ready, shops),
        run.references(ready.lab) as references,
    ):
        about = report.about_run(ready, found)
        measured = report.measure_all(console, about, plan, ready, references=references, shops=shops)
    console.print(report.table(measured))
    console.print(report.table_of_spikes(measured))
    if json_file:
        report.save(json_file, measured)
        for picture in plot.draw(json_file):
            console.print(f"wrote {picture}")
