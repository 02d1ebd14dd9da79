"""`./seckill checkin`"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from homework.grader.mistakes import Mistake

if TYPE_CHECKING:
    from rich.table import Table

    from homework.grader.checkins.lint import Fault
    from homework.grader.checkins.report import Line
    from homework.grader.names import Name

FOLDER = click.Path(file_okay=False, path_type=Path)


class Day(click.ParamType[date]):
    """Year, month, day; full-width digits and other separators are answered with how to write it."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day{nearest_day(value)}", param, ctx)


@click.group()
def checkin() -> None:
    """A file a day: what was studied, met, solved, gained.

    \b
    ./seckill checkin new        today's, filled in from the day's work
    ./seckill checkin lint       what is wrong with those there are
    ./seckill checkin report     streaks, chapters covered, and who has been stuck for two days
    """


@checkin.command()
@click.argument("folder", type=FOLDER, default=Path("checkins"))
@click.option("--name", metavar="NAME", help="seckill-ID-AUTHOR; needed the first time only.")
@click.option("--day", type=Day(), help="Another day than today, 2026-10-15.")
def new(folder: Path, name: str | None, day: date | None) -> None:
    """Begin a check-in: four questions, and what is known about the day.

    Commits, changed files and homework results of the day are written below the questions, each line with a >
    before it. They help to remember, and do not count as an answer. The file is written into FOLDER.

    \b
    ./seckill checkin new --name seckill-20260001-lin
    ./seckill checkin new --day 2026-10-15
    """
    from homework.grader.checkins.prefill import fill_in, look, write_new
    from homework.grader.names import parse

    day = day or date.today()
    if day > date.today():
        raise Mistake(f"{day} is in the future; write about a day when it is over")
    who = parse(name) if name else name_so_far(folder)
    file = folder / f"{day}.md"
    write_new(file, fill_in(who, day, look(folder.absolute().parent, day)))
    click.echo(f"{file}: answer the four questions, then ./seckill checkin lint")


@checkin.command()
@click.argument("folder", type=FOLDER, default=Path())
def lint(folder: Path) -> int:
    """Find what is wrong: empty, copied, future, duplicate.

    FOLDER holds one student's check-ins or those of a class; copied is found between students, too. Exit code
    1 if something is wrong.

    \b
    ./seckill checkin lint
    ./seckill checkin lint submissions/
    """
    from homework.grader.checkins.lint import files
    from homework.grader.checkins.lint import lint as examine

    good, faults = examine(files(folder), date.today())
    for fault in faults:
        click.echo(shown(fault, folder))
    click.echo(f"{len(good)} right, {len({fault.file for fault in faults})} to be corrected")
    return int(bool(faults))


@checkin.command()
@click.argument("folder", type=FOLDER, default=Path())
def report(folder: Path) -> None:
    """Streaks, chapters covered, and who is stuck.

    Stuck is who has had a problem for two days without ticking it as solved; days without a check-in count. A
    free weekend breaks no streak. Check-ins that lint does not like are left out, and counted.

    \b
    ./seckill checkin report
    ./seckill checkin report submissions/
    """
    from common.cli.console import new_console
    from homework.grader.checkins.lint import files
    from homework.grader.checkins.lint import lint as examine
    from homework.grader.checkins.report import summarize

    good, faults = examine(files(folder), date.today())
    console = new_console()
    lines = summarize(good, date.today())
    for line in lines:
        if line.needs_help:
            console.print(f"[bold red]stuck for {line.stuck_days} days[/] {line.name}:", end=" ")
            console.print(line.problem, markup=False)
    console.print(table(lines))
    if faults:
        console.print(f"{len({fault.file for fault in faults})} left out: ./seckill checkin lint says why")


def table(lines: list[Line]) -> Table:
    from rich import box
    from rich.table import Column, Table

    widest = max((len(str(line.name)) for line in lines), default=0)
    student = Column("student", min_width=widest)
    told = Table(student, "days", "streak", "longest", "last", "stuck since", "chapters", box=box.SIMPLE)
    for line in lines:
        numbers = map(str, (line.days, line.streak, line.longest))
        chapters = " ".join(line.chapters)
        told.add_row(str(line.name), *numbers, str(line.last), str(line.stuck_since or "–"), chapters)
    return told


def shown(fault: Fault, folder: Path) -> str:
    return f"{fault.file.relative_to(folder) if folder != Path() else fault.file}: {fault.sentence}"


def name_so_far(folder: Path) -> Name:
    """The name in the newest check-in of the folder."""
    from homework.grader.checkins.entry import WrongEntry, read

    for file in sorted(folder.glob("*.md"), reverse=True):
        try:
            return read(file).name
        except WrongEntry:
            continue
    raise Mistake("say who you are the first time: ./seckill checkin new --name seckill-20260001-lin")


def nearest_day(text: str) -> str:
    """ "; did you mean 2026-10-05?", if three numbers are there that make a day."""
    import re
    import unicodedata

    numbers = re.findall(r"\d+", unicodedata.normalize("NFKC", text))
    try:
        day = datetime(*map(int, numbers[:3])).date() if len(numbers) >= 3 else None  # type: ignore[arg-type]
    except (ValueError, OverflowError):
        day = None
    return f"; did you mean {day}?" if day else "; write it as year-month-day, 2026-10-15"
