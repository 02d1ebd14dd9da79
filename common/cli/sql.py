"""`./seckill sql`"""

from __future__ import annotations

import re

import click

from common.cli.stage_argument import STAGE
from common.stages import Stage

TABLE = re.compile(
    r"^(CREATE|ALTER|DROP) TABLE (?:IF (?:NOT )?EXISTS )?`?(\w+)", re.IGNORECASE | re.MULTILINE
)


@click.command()
@click.argument("stage", type=STAGE, metavar="STAGE")
def sql(stage: Stage) -> None:
    """What a stage changes in the schema, and its tables.

    \b
    ./seckill sql s02
    ./seckill sql s01 > s01.sql
    """
    from common.cli.console import new_console, show_code
    from common.schema import files_up_to

    console = new_console()
    own = [file.read_text() for file in files_up_to(stage.code) if file.name.startswith(stage.code)]
    text = "".join(own) or f"-- {stage.name} changes nothing in the schema.\n"
    text += "\n-- The tables are now:\n" + "".join(f"--   {line}\n" for line in tables(stage))
    show_code(console, text, "sql")


def tables(stage: Stage) -> list[str]:
    """Each table with the stages that made and changed it: "orders (s01, changed by s07)"."""
    from common.schema import files_up_to

    made: dict[str, str] = {}
    changed: dict[str, list[str]] = {}
    for file in files_up_to(stage.code):
        for verb, table in TABLE.findall(file.read_text()):
            if verb.upper() == "CREATE":
                made[table] = file.name[:3]
            elif verb.upper() == "DROP":
                made.pop(table, None)
            else:
                changed.setdefault(table, []).append(file.name[:3])
    return [
        f"{table} ({', changed by '.join([code, *dict.fromkeys(changed.get(table, []))])})"
        for table, code in made.items()
    ]
