"""`./seckill sessions`"""

from __future__ import annotations

from pathlib import Path

import click

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=FILE, metavar="FILE.sql")
def sessions(file: Path) -> None:
    """Two sessions, line by line, on a real MariaDB and Redis.

    A line that begins with A: or B: is one statement of that session; what stands before the first of them
    makes the tables. Shows what each session is told, and when one waits for the other's lock.

    \b
    ./seckill sessions docs/examples/row_lock.sql
    """
    from common.cli.console import new_console
    from common.lab import Lab
    from common.proof.driver import DriverError
    from common.proof.sessions import play, read, show
    from common.settings import Settings

    console = new_console()
    try:
        script = read(file.read_text())
        with Lab(say=console.print) as lab:
            played = play(script, Settings(mysql_url=lab.mysql.url, redis_url=lab.redis.url))
    except DriverError as error:
        raise click.ClickException(f"{file}: {error}") from error
    console.print()
    for text in show(played):
        console.print(text, markup=False, soft_wrap=True)
