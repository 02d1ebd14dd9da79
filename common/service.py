"""Runs a service of a stage in a process of its own: `python -m common.service s07 consumer`."""

from __future__ import annotations

import signal
import sys
import threading

import click

from common.cli.stage_argument import STAGE
from common.settings import Settings
from common.shop import Service
from common.stages import Stage
from common.web.logs import write_json
from common.worker import shop_of

RUNS = "{name} of {stage} is running"


def service_argv(stage: Stage, name: str) -> list[str]:
    """The command, for whoever starts it. It prints `RUNS` when it begins."""
    return [sys.executable, "-m", "common.service", stage.code, name]


@click.command()
@click.argument("stage", type=STAGE)
@click.argument("name")
def main(stage: Stage, name: str) -> None:
    """Run the service NAME of STAGE until TERM or Ctrl-C; what it has begun, it ends.

    Does not run it again when it fails: who has started the process does that.
    """
    write_json(Settings.from_env().log_level)
    service = own_services(stage).get(name)
    if service is None:
        raise click.BadParameter(f"{stage.name} has {', '.join(own_services(stage)) or 'none'}")
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    click.echo(RUNS.format(name=name, stage=stage.name))
    service.run(end.is_set)


def own_services(stage: Stage) -> dict[str, Service]:
    """Those that want a process of their own, by name."""
    return {name: each for name, each in shop_of(stage.code).services.items() if each.where == "own"}


if __name__ == "__main__":
    main()
