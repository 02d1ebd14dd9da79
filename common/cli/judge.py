"""`./seckill judge`"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

    from common.proof.blackbox import Outside
    from common.proof.facts import Facts
    from common.proof.oracle import Verdict

SHAPES = click.Choice(["spike", "ramp", "plateau"])


@click.command()
@click.argument("url")
@click.option("--sale", "sale_id", default=1, show_default=True, help="The id of a sale that is open now.")
@click.option("--buyers", default=100, show_default=True, type=click.IntRange(1, 10_000), help="How many.")
@click.option(
    "--login", default="buyer{:05}:demo", show_default=True, help="NAME:PASSWORD; {} is a number from 1 on."
)
@click.option("--shape", default="spike", show_default=True, type=SHAPES, help="How the crowd comes.")
@click.option(
    "--seconds", default=1.0, show_default=True, type=click.FloatRange(0.01, 300), help="How long it comes."
)
@click.option("--seed", default=1, show_default=True, help="Draws who presses when, and for how many.")
@click.option("--restart", metavar="COMMAND", help="Run this when half of the attempts have been answered.")
def judge(
    *,
    url: str,
    sale_id: int,
    buyers: int,
    login: str,
    shape: str,
    seconds: float,
    seed: int,
    restart: str | None,
) -> int:
    """Judge anybody's flash sale, from outside.

    Sends a crowd to any server that speaks the contract, whatever it is written in (common/web/openapi.yaml:
    POST /api/session, GET /api/sales/ID, POST /api/sales/ID/orders, GET /api/orders). Then asks it for the
    sale and for each buyer's orders, and compares that with what the buyers were told. Send it only to a
    server of your own. Exit code 0 if nothing is broken, 1 if something is.

    \b
    ./seckill judge http://127.0.0.1:8000 --sale 3 --buyers 200
    ./seckill judge http://127.0.0.1:8000 --restart "systemctl --user restart my-shop"
    """
    from common.cli.console import new_console
    from common.proof import blackbox, crowd, oracle

    console = new_console()
    shop = blackbox.Outside(url)
    tokens = sign_in_all(shop, login, buyers)
    come = {"spike": crowd.spike, "ramp": crowd.ramp, "plateau": crowd.plateau}[shape](seconds)
    presses = crowd.plan(list(tokens), come, seed)
    console.print(f"{buyers} buyers, {len(presses)} attempts within {seconds} s, seed {seed}, at {url}")
    with console.status("the crowd is buying …"):
        facts = blackbox.examine(shop, sale_id, tokens, presses, restart=restart)
    verdicts = oracle.judge(facts)
    show(console, facts, verdicts)
    return int(any(verdict.state == "broken" for verdict in verdicts))


def sign_in_all(shop: Outside, login: str, buyers: int) -> dict[int, str]:
    """The buyers' tokens, by number."""
    name, _, password = login.rpartition(":")
    numbers = range(1, buyers + 1)
    try:
        names = [name.format(number) for number in numbers]
    except (LookupError, ValueError, AttributeError):
        names = []
    if len(set(names)) < buyers or "{" not in name:
        raise click.BadParameter("write it as NAME:PASSWORD with {} in the name", param_hint="--login")
    with ThreadPoolExecutor(8) as threads:
        return dict(zip(numbers, threads.map(lambda each: shop.sign_in(each, password), names), strict=True))


def show(console: Console, facts: Facts, verdicts: list[Verdict]) -> None:
    """The figures, each verdict, and the first lines of the evidence."""
    outcomes = [told.outcome for told in facts.history]
    console.print(", ".join(f"{outcomes.count(each)} {each}" for each in ("accepted", "refused", "unknown")))
    marks = {"kept": "[green]✔[/]", "broken": "[red]✘[/]", "unknown": "[yellow]?[/]"}
    for verdict in verdicts:
        console.print(f"{marks[verdict.state]} {verdict.name}: {verdict.sentence}")
        for line in verdict.evidence[:3]:
            console.print(f"    {line}", markup=False)
