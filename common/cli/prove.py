"""`./seckill prove`"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from common.cli.stage_argument import STAGE
from common.stages import Stage, all_stages

if TYPE_CHECKING:
    from rich.console import Console

    from common.proof.cells import Proof
    from common.settings import Settings


@click.command()
@click.argument("stage", type=STAGE, metavar="STAGE")
@click.option("--seed", default=1, show_default=True, help="For whatever a proof draws at random.")
def prove(stage: Stage, seed: int) -> int:
    """A stage's experiment, on the stage before and on it.

    For each guarantee that the stage adds or drops: what the proof shows on either stage. Then the shortest
    schedule by which the stage before fails, if two buyers are enough, and what one attempt costs in round
    trips on either stage: counted, not timed.

    \b
    ./seckill prove s02
    """
    from common.cli.console import new_console
    from common.lab import Lab
    from common.proof import cells
    from common.settings import Settings

    console = new_console()
    pair = [each for each in all_stages() if each.number in {stage.number - 1, stage.number}]
    files = [f"tests/guarantees/test_{name}.py" for name in [*stage.adds, *stage.drops]]
    with console.status("proving, on servers of their own …"):
        codes = ",".join(each.code for each in pair)
        proof = cells.prove(seed, *files, "--all-cells", "--cells-of", codes, quiet=True)
    show_findings(console, stage, pair, proof)
    with Lab(say=console.print) as lab:
        settings = Settings(mysql_url=lab.mysql.url, redis_url=lab.redis.url)
        show_race(console, pair[0], settings)
        show_costs(console, pair, settings)
    return proof.exit_code


def show_findings(console: Console, stage: Stage, pair: list[Stage], proof: Proof) -> None:
    from rich.table import Table

    table = Table("guarantee", *(each.name for each in pair), show_lines=True)
    for name in [*stage.adds, *stage.drops]:
        found = [proof.at(name, each.code) for each in pair]
        table.add_row(name, *(f"{cell.mark} {cell.evidence}" if cell else "–" for cell in found))
    console.print(table)


def show_race(console: Console, stage: Stage, settings: Settings) -> None:
    """The shortest schedule of two buyers that breaks something, if there is one."""
    from common.proof import diagram
    from common.proof.explorer import Explorer
    from common.proof.scenarios import SCENARIOS

    scenario = SCENARIOS["one-unit"]
    with Explorer(stage.code, stage.load().create_shop, settings) as explorer:
        with console.status("looking for the shortest schedule that fails …"):
            broken = explorer.explore(scenario).breaking()
        if broken:
            console.print(f"\n{stage.name}, {scenario.title}, schedule {broken[0].schedule}\n", markup=False)
            wrong_at = explorer.pinpoint(scenario, broken[0])
            console.print(diagram.terminal(scenario, broken[0], wrong_at), markup=False, soft_wrap=True)


def show_costs(console: Console, pair: list[Stage], settings: Settings) -> None:
    from rich.table import Table

    from common.proof.costs import costs

    table = Table("round trips of one attempt", *(each.name for each in pair))
    counted = [costs(each, settings) for each in pair]
    for kind in counted[0]:
        table.add_row(kind, *(str(cost[kind]) for cost in counted))
    console.print()
    console.print(table)
