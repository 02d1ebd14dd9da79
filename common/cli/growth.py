"""`./seckill growth`"""

from __future__ import annotations

from pathlib import Path

import click

from common.cli.file_to_write import FILE
from common.cli.stage_argument import STAGE
from common.stages import Stage


@click.command()
@click.argument("stage", type=STAGE, metavar="STAGE")
@click.option(
    "--most", default=100_000, show_default=True, type=click.IntRange(1000, 1_000_000), help="Buyers."
)
@click.option("--json", "json_file", type=FILE, metavar="FILE", help="Write all that was measured.")
def growth(*, stage: Stage, most: int, json_file: Path | None) -> None:
    """Ten times the buyers, again and again: does an attempt cost the same?

    From 1,000 buyers on, each of whom buys one unit of a fresh sale. Shows what an attempt costs the
    processors and what a buyer costs in Redis. 100,000 take a few minutes.

    \b
    ./seckill growth s05
    ./seckill growth s05 --most 1000000 --json growth.json
    """
    from common.bench import growth, report, run
    from common.cli.console import new_console

    console = new_console()
    sizes = [size for size in (10**3, 10**4, 10**5, 10**6) if size <= most]
    with run.shops([stage], most, seconds=1, say=console.print) as (bench, [shop]):
        about = report.about_run(bench)
        measured = []
        for size in growth.grow(bench, shop, sizes):
            measured.append(size)
            console.print(
                f"{size.buyers:>9,} buyers: {size.seconds:8.1f} s,"
                f" {size.cpu_us:6.0f} µs of processor time an attempt,"
                f" {size.bytes_per_buyer:6.0f} bytes of Redis a buyer"
            )
    if json_file:
        report.save_growth(json_file, about, measured)
