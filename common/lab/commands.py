"""The commands of the private servers: `doctor`, `lab pack`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from common.lab.errors import LabError


@click.command()
def doctor() -> None:
    """What this machine has, what is missing, what would be done. Downloads nothing.

    \b
    ./seckill doctor
    """
    from common.lab.doctor import examine_machine, show

    checks = examine_machine()
    show(checks)
    if not all(check.ok for check in checks if check.needed):
        sys.exit(2)


@click.group()
def lab() -> None:
    """The private servers themselves.

    \b
    ./seckill lab pack -o classroom.tar.gz
    SECKILL_LAB=classroom.tar.gz ./seckill demo
    """


@lab.command("pack")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The archive to write.")
def pack_command(output: Path | None) -> None:
    """Write one archive with the servers and all wheels, for machines without network (SECKILL_LAB=FILE)."""
    from common.lab.packing import write

    try:
        write(output, say=click.echo)
    except LabError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
