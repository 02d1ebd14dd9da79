"""`./seckill diff`"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

import click

from common.cli.stage_argument import STAGE
from common.stages import FOLDER, Stage, all_stages

CODE = {".py", ".lua", ".conf"}
EACH_ITS_OWN = {"__init__.py", "foils.py"}  # the same name in every stage, but no versions of one thing
EXTENDS = "{% extends"  # a template that holds only what is new in it


@click.command()
@click.argument("stage", type=STAGE, metavar="STAGE")
def diff(stage: Stage) -> None:
    """What a stage changes, file by file, and in the schema.

    A file is compared with the file of the same name in the newest stage below that has one. What is new is
    listed at the end, with its length; the change to the schema is printed in full.

    \b
    ./seckill diff s02
    ./seckill diff s02 | less
    """
    from common.cli.console import new_console, show_code

    console = new_console()
    for text, language in changes(stage):
        show_code(console, text + "\n", language)


def changes(stage: Stage) -> Iterator[tuple[str, str]]:
    """Each piece of the answer, and the language it is written in."""
    new = []
    for file in sorted(each for each in stage.folder.iterdir() if each.suffix in CODE):
        before = None if file.name in EACH_ITS_OWN else forerunner(stage, file.name)
        if before and file.read_text().startswith(EXTENDS):
            yield f"Added to stages/{before.relative_to(FOLDER)}:\n{file.read_text()}", "text"
        elif before:
            yield unified(before, file), "diff"
        elif file.name != "__init__.py":
            new.append(f"{FOLDER.name}/{stage.name}/{file.name} ({len(file.read_text().splitlines())} lines)")
    if new:
        yield "New files:\n" + "".join(f"  {each}\n" for each in new), "text"
    from common.schema import SQL_FOLDER

    sql = SQL_FOLDER / f"{stage.name}.sql"
    if sql.exists():
        yield f"-- {SQL_FOLDER.name}/{sql.name}\n{sql.read_text()}", "sql"


def forerunner(stage: Stage, name: str) -> Path | None:
    """The file of this name in the newest stage below `stage` that has one."""
    below = all_stages()[: all_stages().index(stage)]
    files = [each.folder / name for each in below if (each.folder / name).exists()]
    return files[-1] if files else None


def unified(before: Path, after: Path) -> str:
    """A unified diff, as `diff -u` writes it."""
    lines = difflib.unified_diff(
        before.read_text().splitlines(),
        after.read_text().splitlines(),
        f"stages/{before.relative_to(FOLDER)}",
        f"stages/{after.relative_to(FOLDER)}",
        lineterm="",
    )
    return "\n".join(lines) + "\n"
