"""`./seckill growth`"""

from __future__ import annotations

from pathlib import Path

import click

from common.cli.file_to_write import FILE
from common.cli.stage_argument import STAGE
from common.stages import Stage

SIZES = (10**3, 10**4, 10**5, 10**6)
MOST = click.IntRange(SIZES[0], SIZES[-1])


@click.command()
@click.argument("stage", type=STAGE, metavar="STAGE")
@click.option(
    "--buyers", default=100_000, show_default=True, type=MOST, help="Who buy one unit each, at most."
)
@click.option("--refused", default=1_000_000, show_default=True, type=MOST, help="Who get none, at most.")
@click.option(
    "--json", "json_file", type=FILE, metavar="FILE", help="Write all that was measured, and a picture."
)
def growth(*, stage: Stage, buyers: int, refused: int, json_file: Path | None) -> None:
    """Ten times as many, again and again: does an attempt cost the same?

    From 1,000 on: buyers who buy one unit each of a fresh sale, then attempts at a sale of which nothing is
    left. Shows what an attempt costs the processors, and what a sale takes in Redis. The default takes about
    six minutes.

    \b
    ./seckill growth s05
    ./seckill growth s05 --buyers 10000 --refused 10000 --json growth.json
    """
    from common.bench import growth, plot, report, run
    from common.cli.console import new_console

    console = new_console()
    found = report.begin(console)
    with run.shops([stage], buyers, seconds=1, say=console.print) as (bench, [shop]):
        about = report.about_run(bench, found)
        measured = []
        for kind, most in {"accepted": buyers, "refused": refused}.items():
            for size in growth.grow(bench, shop, kind, [size for size in SIZES if size <= most]):
                measured.append(size)
                console.print(
                    f"{size.attempts:>9,} {kind}: {size.seconds:7.1f} s,"
                    f" {size.cpu_us:6.0f} µs of processor time each,"
                    f" {size.redis_bytes:>12,} bytes in Redis"
                )
    if json_file:
        report.save_growth(json_file, about, measured)
        console.print(f"wrote {plot.draw_growth(json_file)}")
