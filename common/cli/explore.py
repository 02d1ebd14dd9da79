"""`./seckill explore`"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from common.cli.stage_argument import STAGE
from common.stages import Stage

if TYPE_CHECKING:
    from rich.console import Console

    from common.proof.explorer import Exploration, Explorer
    from common.proof.scenario import Scenario
    from common.proof.schedule import Run

FILE = click.Path(dir_okay=False, writable=True, path_type=Path)
DEFAULT = "one-unit"
HOW_TO_PLAY_ALL = (
    "  A preemption takes the turn from one who could go on. --most 5000 plays all, if they are no more."
)


@click.command()
@click.argument("stage", type=STAGE)
@click.option("--scenario", "name", default=DEFAULT, show_default=True, help="Who meets whom.")
@click.option("--all-scenarios", is_flag=True, help="Every scenario, one after the other.")
@click.option("--with", "plugs", multiple=True, metavar="NAME=PATH:CLASS", help="Plug another class in.")
@click.option("--replay", metavar="ABABAB", help="Play this one schedule, and show it.")
@click.option("--crowd", type=click.IntRange(2, 26), help="So many buyers, in step: all look, then all act.")
@click.option("--mermaid", is_flag=True, help="Show the schedule as a Mermaid diagram.")
@click.option("--export", type=FILE, metavar="FILE.json", help="Write the tree of all schedules.")
@click.option(
    "--most", default=924, show_default=True, type=click.IntRange(1), help="Play all up to so many."
)
@click.option("--seed", default=1, show_default=True, help="Draws the sample when there are more.")
def explore(
    *,
    stage: Stage,
    name: str,
    all_scenarios: bool,
    plugs: tuple[str, ...],
    replay: str | None,
    crowd: int | None,
    mermaid: bool,
    export: Path | None,
    most: int,
    seed: int,
) -> None:
    """Play every order in which two actors' round trips can interleave, on real servers.

    Shows how many schedules break which guarantee, and the shortest of them as a diagram. Each schedule has a
    name, such as AABBBBAA: who takes the first step, the second, and so on. Exit code 0 whatever is found.

    \b
    ./seckill explore s01
    ./seckill explore s01 --replay AABBBBAA
    ./seckill explore s01 --crowd 20
    ./seckill explore s02 --with checkout=stages.s02_guarded_update.foils:JustATransaction
    """
    if all_scenarios and (replay or export):
        raise click.UsageError("--replay and --export take one scenario, not all")

    from pymysql import MySQLError

    from common.cli.console import new_console
    from common.lab import Lab
    from common.proof import export as tree
    from common.proof.driver import DriverError
    from common.proof.explorer import Explorer
    from common.proof.queue_scenarios import scenarios_of
    from common.settings import Settings
    from common.web import seam

    scenarios = scenarios_of(stage)
    if name not in scenarios:
        raise click.BadParameter(f"there are {', '.join(scenarios)}", param_hint="--scenario")
    create_shop = stage.load().create_shop
    create_shop = partial(create_shop, **seam.plugs(",".join(plugs), create_shop))
    console = new_console()
    with Lab(say=console.print) as lab:
        settings = Settings(mysql_url=lab.mysql.url, redis_url=lab.redis.url)
        try:
            with Explorer(stage.code, create_shop, settings) as explorer:
                if crowd:
                    play_in_step(console, explorer, crowd)
                    return
                for scenario in scenarios.values() if all_scenarios else [scenarios[name]]:
                    console.print(f"\n[bold]{stage.name}, {scenario.name}[/]: {scenario.title}")
                    if replay:
                        show(console, explorer, scenario, explorer.replay(scenario, replay.upper()), mermaid)
                        continue
                    found = play_all(console, explorer, scenario, most, seed, prune=export is None)
                    console.print(verdict(found), markup=False)
                    if export:
                        with console.status("playing them again, looking at the servers after each step …"):
                            tree.save(export, stage.name, scenario, found, partial(explorer.watch, scenario))
                        console.print(f"The tree is in {export}.", markup=False)
                    if found.breaking():
                        show(console, explorer, scenario, found.breaking()[0], mermaid)
        except DriverError as error:
            raise click.ClickException(str(error)) from error
        except MySQLError as error:
            raise click.ClickException(f"MariaDB: {error.args[-1]}") from error


def play_all(
    console: Console, explorer: Explorer, scenario: Scenario, most: int, seed: int, *, prune: bool
) -> Exploration:
    """Explore, with a line that tells how far it is."""
    with console.status("playing …") as status:

        def played(found: Exploration) -> None:
            status.update(f"{len(found.runs)} schedules played, {len(found.breaking())} break a guarantee")

        return explorer.explore(scenario, seed=seed, most=most, prune=prune, played=played)


def play_in_step(console: Console, explorer: Explorer, buyers: int) -> None:
    """One schedule with a whole crowd: nobody takes a step before all have taken the one before."""
    from common.proof import scenarios
    from common.proof.schedule import in_step
    from common.shop import Order

    scenario = scenarios.crowd(buyers)
    run = explorer.play(scenario, in_step)
    orders = sum(isinstance(outcome, Order) for outcome in run.outcomes.values())
    console.print(f"\n{scenario.title}: {orders} orders", markup=False)
    for broken in run.broken:
        console.print(f"✘ {broken.name}: {broken.sentence}", markup=False)
    if not run.broken:
        console.print("✔ no guarantee is broken")


def verdict(found: Exploration) -> str:
    """The counts, and what they are counts of."""
    which = f"those with at most 2 preemptions, and 100 drawn with seed {found.seed}"
    names = sorted({verdict.name for run in found.runs for verdict in run.broken})
    played = f"{len(found.runs)} schedules played ({'all there are' if found.exhaustive else which})"
    lines = [f"{played} in {found.seconds:.1f} s"]
    lines += [] if found.exhaustive else [HOW_TO_PLAY_ALL]
    lines += [f"✘ {len(found.breaking(name))} of them break {name}" for name in names]
    lines += [] if names else ["✔ none of them breaks a guarantee"]
    lines += [f"  {len(found.deadlocked)} of them meet a deadlock"] if found.deadlocked else []
    return "\n".join(lines)


def show(console: Console, explorer: Explorer, scenario: Scenario, run: Run, mermaid: bool) -> None:
    """One schedule as a diagram, with the place where it goes wrong."""
    from common.proof import diagram

    wrong_at = explorer.pinpoint(scenario, run) if run.broken else None
    console.print(f"\nSchedule {run.schedule}\n", markup=False)
    text = (
        diagram.mermaid(scenario, run, wrong_at)
        if mermaid
        else diagram.terminal(scenario, run, wrong_at, min(console.width, diagram.WIDTH))
    )
    console.print(text, markup=False, soft_wrap=True)
