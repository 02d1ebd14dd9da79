"""`./seckill load`"""

from __future__ import annotations

import click

from common.cli.stage_argument import STAGE
from common.stages import Stage


@click.command()
@click.argument("stage", type=STAGE, metavar="STAGE")
@click.option(
    "--users", default=50, show_default=True, type=click.IntRange(1, 5000), help="How many at once."
)
@click.option(
    "--rate", default=25, show_default=True, type=click.IntRange(1), help="How many arrive a second."
)
@click.option("--seconds", default=15, show_default=True, type=click.IntRange(1, 600), help="How long.")
@click.option(
    "--processes", default=1, show_default=True, type=click.IntRange(1, 32), help="Locusts, for one crowd."
)
@click.option("--web", is_flag=True, help="Locust's own page instead: start and watch it in the browser.")
def load(*, stage: Stage, users: int, rate: int, seconds: int, processes: int, web: bool) -> int:
    """Locust against one stage: people look around, and buy.

    Shows how the shop behaves, not what it can do at most: locust tires before the shop does, one process of
    it at about 3,000 requests a second. With --processes 2 one more leads two that share the crowd. Ends by
    itself after --seconds; with --web, on Ctrl-C.

    \b
    ./seckill load s03
    ./seckill load s01 --users 200 --seconds 60 --web
    ./seckill load s05 --users 2000 --rate 500 --processes 2
    """
    from common.cli.console import new_console
    from common.cli.locusts import People, attack, attack_from_page
    from common.lab import Lab
    from common.ports import claimed
    from common.running import run_stage

    console = new_console()
    with claimed() as port, Lab(say=console.print) as lab:
        running = run_stage(lab, stage, port=port, buyers=users)
        run = attack_from_page if web else attack
        return run(console, lab, running, People(users, rate, seconds), processes)
