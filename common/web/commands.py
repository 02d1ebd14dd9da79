"""What `flask --app stages.s01_naive.app --help` offers besides running the app."""

from __future__ import annotations

import click
import pymysql
from flask import Flask
from flask.cli import with_appcontext

from common import schema, seed
from common.web.context import current


def install(app: Flask) -> None:
    app.cli.add_command(set_up)


@click.command("setup")
@click.option("--buyers", default=1000, show_default=True, type=click.IntRange(0, seed.MOST_BUYERS))
@with_appcontext
def set_up(buyers: int) -> None:
    """Create the stage's database and fill it with a catalogue and demo buyers. Safe to repeat."""
    context = current()
    url, stage = context.backends.settings.mysql_url, context.stage.code
    try:
        schema.prepare(url, stage)
        seed.seed(url, stage, buyers)
    except pymysql.MySQLError as error:
        raise click.ClickException(f"MariaDB at MYSQL_URL: {error.args[-1]}") from None
    click.echo(f"{context.stage.name} is set up: buyers buyer00001 … (password demo), admin (password admin)")
