"""`./seckill export`"""

from __future__ import annotations

from pathlib import Path

import click

from common.cli.stage_argument import STAGE
from common.stages import Stage

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("stage", type=STAGE, metavar="STAGE")
@click.argument("folder", type=FOLDER, metavar="FOLDER")
def export(stage: Stage, folder: Path) -> None:
    """One stage in a folder of its own, to read, run and test.

    What the stage imports, the SQL up to it, its tests and the commands that show it: up, load, sql, trace,
    reset, explore, crash, test. FOLDER is made, and must be empty.

    \b
    ./seckill export s05 ~/s05
    """
    from common.exporting import NoRoom
    from common.exporting import export as copy

    try:
        files = copy(stage, folder)
    except NoRoom as error:
        raise click.UsageError(f"{error}: choose another folder.") from None
    click.echo(f"{stage.name} is in {folder}: {len(files)} files. Begin with its README.md.")
