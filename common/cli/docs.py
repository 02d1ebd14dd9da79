"""`./seckill docs`"""

from __future__ import annotations

from pathlib import Path

import click

from common.cli.file_to_write import FILE
from common.cli.stage_argument import STAGE
from common.site.words import Lang
from common.stages import Stage

PORT = click.IntRange(1024, 65535)


@click.group()
def docs() -> None:
    """The course site: look at it, build it, refresh what it shows of the course's commands.

    \b
    ./seckill docs serve
    """


@docs.command()
@click.option("--port", type=PORT, default=8100, show_default=True, help="On 127.0.0.1.")
def serve(port: int) -> None:
    """Show the site in both languages, and build it anew whenever a page changes. Until Ctrl-C."""
    from common.site import building

    building.serve(port, click.echo)


@docs.command()
@click.option("--only", type=click.Choice(["en", "zh"]), help="One language: quicker while writing.")
def build(only: Lang | None) -> None:
    """Build the site into site/. Fails on any warning: a missing page, a dead link, a listing that moved."""
    from common.site import building, chapters

    building.build([only] if only else list(building.CONFIGS))
    for length in chapters.lengths():
        if not length.fits:
            click.echo(f"Careful: {length}.")
    click.echo(f"The site is in {building.SITE}.")


@docs.command()
@click.argument("names", nargs=-1, metavar="[NAME]…")
@click.option("--check", is_flag=True, help="Write nothing; fail if a command prints something else now.")
def outputs(names: tuple[str, ...], check: bool) -> int:
    """Run the commands of docs/outputs/outputs.toml and keep what they print.

    \b
    ./seckill docs outputs explore-s01
    ./seckill docs outputs --check
    """
    from common.lab import Lab
    from common.site import outputs as captures

    wanted = [captures.entry(name) for name in names] or list(captures.entries().values())
    differing = 0
    with Lab(say=click.echo) as lab:
        for each in wanted:
            for file, text in captures.capture(each, lab.env()).items():
                kept = file.exists() and captures.same(file.read_text(), text)
                differing += not kept
                click.echo(f"{'✔ as before' if kept else '✘ differs' if check else '✎ written'}: {file.name}")
                if not (kept or check):
                    file.write_text(text)
    return 1 if check and differing else 0


@docs.command()
@click.argument("file", type=FILE)
def count(file: Path) -> None:
    """Count the round trips of one attempt in every stage, and write them to FILE as JSON."""
    import json
    from dataclasses import asdict

    from common.lab import Lab
    from common.proof.costs import costs
    from common.settings import Settings
    from common.stages import all_stages

    with Lab(say=click.echo) as lab:
        settings = Settings(mysql_url=lab.mysql.url, redis_url=lab.redis.url)
        counted = {
            stage.name: {kind: asdict(cost) for kind, cost in costs(stage, settings).items()}
            for stage in all_stages()
        }
    file.write_text(json.dumps(counted, indent=1) + "\n")


@docs.command()
@click.argument("file", type=FILE)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["csv", "gift"]),
    help="For spreadsheets, or for Moodle. Unless told, FILE's ending says it.",
)
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True)
@click.option("--stage", type=STAGE, help="Only the questions about this one.")
def quiz(file: Path, kind: str | None, lang: Lang, stage: Stage | None) -> None:
    """Write the quiz bank of the instructor pack into FILE.

    \b
    ./seckill docs quiz quiz.csv --stage s02
    ./seckill docs quiz quiz.gift --lang zh
    """
    from common.site import quiz as bank

    kind = kind or file.suffix.removeprefix(".")
    if kind not in bank.FORMATS:
        raise click.UsageError(
            f"{file.name} ends neither in .csv nor in .gift: add --format csv or --format gift"
        )
    questions = bank.of(stage.code if stage else None)
    if not questions:
        raise click.UsageError("the quiz bank has no questions about this stage yet")
    # Excel reads a CSV as UTF-8 only when it begins with a mark.
    file.write_text(bank.FORMATS[kind](questions, lang), encoding="utf-8-sig" if kind == "csv" else "utf-8")
    click.echo(f"{file}: {len(questions)} questions")
