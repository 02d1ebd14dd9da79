"""The command line: `./seckill COMMAND`, or `python -m common.cli COMMAND`.

A command's code is imported when the command is asked for, and what it needs when it runs: `--help` is quick.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

SECTIONS: Mapping[str, Mapping[str, str]] = {
    "Start here": {
        "demo": "common.cli.demo:demo",
        "test": "common.cli.test:test",
    },
    "One stage": {
        "up": "common.cli.up:up",
        "load": "common.cli.load:load",
        "duel": "common.cli.duel:duel",
        "trace": "common.cli.trace:trace",
        "reset": "common.cli.reset:reset",
        "diff": "common.cli.diff:diff",
        "sql": "common.cli.sql:sql",
        "export": "common.cli.export:export",
    },
    "The proofs": {
        "explore": "common.cli.explore:explore",
        "crash": "common.cli.crash:crash",
        "grid": "common.cli.grid:grid",
        "prove": "common.cli.prove:prove",
        "judge": "common.cli.judge:judge",
        "sessions": "common.cli.sessions:sessions",
    },
    "The site": {
        "docs": "common.cli.docs:docs",
    },
    "Homework": {
        "homework": "homework.grader.commands:homework",
        "grade": "homework.grader.commands:grade",
        "checkin": "homework.grader.checkin_commands:checkin",
        "class": "homework.grader.class_commands:class_",
    },
    "The figures": {
        "bench": "common.cli.bench:bench",
        "growth": "common.cli.growth:growth",
    },
    "The machine": {
        "doctor": "common.lab.commands:doctor",
        "lab": "common.lab.commands:lab",
    },
}
COMMANDS = {name: path for section in SECTIONS.values() for name, path in section.items()}
ROOT = Path(__file__).parents[2]
INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def is_here(command: str) -> bool:
    """An exported stage has only some of the commands."""
    module = COMMANDS[command].partition(":")[0]
    return (ROOT / module.replace(".", "/")).with_suffix(".py").is_file()


class Commands(click.Group):
    """The commands of `SECTIONS`, each imported when it is looked at."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [name for name in COMMANDS if is_here(name)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS or not is_here(cmd_name):
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section, names in SECTIONS.items():
            commands = [(name, self.get_command(ctx, name)) for name in names]
            rows = [(name, each.get_short_help_str(80)) for name, each in commands if each]
            if rows:
                with formatter.section(section):
                    formatter.write_dl(rows)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def seckill() -> None:
    """A flash sale, stage by stage: run it, break it, read it.

    \b
    ./seckill demo           the same crowd against the first stage and the newest
    ./seckill up s02         one stage in your browser, until Ctrl-C
    ./seckill diff s02       what one stage changes
    ./seckill COMMAND -h     more on a command
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; its exit code. What goes wrong is said in a sentence, never as a stack trace."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal without ✔ shows ?
    try:
        result = seckill.main(arguments, prog_name="./seckill", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        error.show()
        return 2
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except Exception as error:
        return explain(error)


def explain(error: Exception) -> int:
    """Say what went wrong; the exit code. What we did not foresee is said to be a bug, with where to look."""
    if isinstance(error, foreseen()):
        click.echo(f"seckill: {error}", err=True)
        return 2
    if os.environ.get("SECKILL_TRACEBACK"):
        raise error
    said = f"{type(error).__name__}: {error}"
    click.echo(f"seckill: this is a bug ({said}); SECKILL_TRACEBACK=1 shows where.", err=True)
    return 2


def foreseen() -> tuple[type[Exception], ...]:
    """The errors whose text is a sentence for the reader."""
    from common.lab.errors import LabError
    from common.proof.crowd import CrowdError
    from common.settings import BadSetting
    from common.site.errors import PageError
    from common.stages import NoSuchStage
    from common.web.seam import WrongSeam

    return BadSetting, LabError, CrowdError, NoSuchStage, PageError, WrongSeam, OSError
