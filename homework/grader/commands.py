"""`./seckill homework` and `./seckill grade`"""

from __future__ import annotations

import os
import time
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from homework.grader.book import Homework, NoSuchHomework, all_homeworks, find

if TYPE_CHECKING:
    from rich.console import Console

    from homework.grader.grading import Wish
    from homework.grader.result import Result
    from homework.grader.servers import Servers

COURSE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


class HomeworkName(click.ParamType[Homework]):
    """Turns what was typed into a `Homework`; says which there are when there is no such one."""

    name = "homework"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Homework:
        if isinstance(value, Homework):
            return value
        try:
            return find(value)
        except NoSuchHomework as error:
            self.fail(str(error), param, ctx)


HOMEWORK = HomeworkName()
DESK = click.option("--in", "desk", type=FOLDER, default="mine", show_default=True, help="Your own folder.")


@click.group()
def homework() -> None:
    """Homework: begin one, check it, get a hint, pack it.

    \b
    ./seckill homework list
    ./seckill homework start 02
    ./seckill homework check 02 --watch
    """


@homework.command("list")
def list_all() -> None:
    """Every homework, with its stage and its minutes.

    \b
    ./seckill homework list
    """
    for each in all_homeworks():
        stars = "★" * each.difficulty
        click.echo(
            f"{each.code}  {each.title['en']} ({each.title['zh']}), {each.stage}, {each.minutes} min {stars}"
        )


@homework.command()
@click.argument("which", type=HOMEWORK, metavar="HOMEWORK")
@DESK
def start(which: Homework, desk: Path) -> None:
    """Copy the starter into your folder. Files of yours that are there already stay as they are.

    \b
    ./seckill homework start 02
    """
    from homework.grader import desk as desks

    folder, kept = desks.start(which, desk)
    click.echo(f"{which.code} is in {folder}" + (f" (kept: {', '.join(kept)})" if kept else ""))
    elsewhere = "" if desk == desks.DESK else f" --in {desk}"
    click.echo(f"Read {which.folder / 'README.md'} (中文: README.zh.md)")
    click.echo(f"Then: ./seckill homework check {which.number:02}{elsewhere}")


@homework.command()
@click.argument("which", type=HOMEWORK, metavar="HOMEWORK")
@DESK
@click.option("--task", type=click.IntRange(1), help="Only the checks of this task.")
@click.option("--check", help="Only this check.")
@click.option("--schedule", metavar="ABAB", help="Play this one schedule; needs --check.")
@click.option("--seed", default=7, show_default=True, help="Draws the data of the checks.")
@click.option("--watch", is_flag=True, help="Check again whenever a file is saved, until Ctrl-C.")
def check(
    *,
    which: Homework,
    desk: Path,
    task: int | None,
    check: str | None,
    schedule: str | None,
    seed: int,
    watch: bool,
) -> int:
    """Check your homework on real servers. Exit code 0 when every check that ran is passed.

    What a check of the whole homework came to is kept in its folder, in .checked/: ./seckill checkin new
    fills in the day's check-in from it. It is not handed in, and no mark.

    \b
    ./seckill homework check 02
    ./seckill homework check 02 --task 2 --watch
    ./seckill homework check 02 --check last_unit --schedule AABB
    """
    from common.cli.console import new_console
    from homework.grader import desk as desks
    from homework.grader.grading import Wish
    from homework.grader.servers import own_servers

    if schedule and not check:
        raise click.UsageError("--schedule needs --check: which check is it a schedule of?")
    if check and check not in {each.id for each in which.checks}:
        raise click.BadParameter(
            f"there are {', '.join(each.id for each in which.checks)}", param_hint="--check"
        )
    if task:
        which.task(task)
    folder = desks.started(which, desk)
    console = new_console()
    wish = Wish(seed=seed, task=task, check=check, schedule=schedule and schedule.upper())
    with ExitStack() as stack:
        with waiting(console, "starting MariaDB and Redis …"):
            servers = stack.enter_context(own_servers())
        passed = check_once(console, which, folder, servers, wish)
        while watch:
            wait_for_change(console, which, folder)
            passed = check_once(console, which, folder, servers, wish)
    return 0 if passed else 1


def waiting(console: Console, what: str) -> AbstractContextManager[object]:
    """Says so on a terminal; a file gets only what came of it."""
    return console.status(what) if console.is_terminal else nullcontext()


def check_once(console: Console, which: Homework, folder: Path, servers: Servers, wish: Wish) -> bool:
    from homework.grader import desk as desks
    from homework.grader.checkins.kept import keep
    from homework.grader.grading import Submission, grade
    from homework.grader.report import show_check, show_end

    submission = Submission(folder.parent.name, "", "", desks.files_of(which, folder))
    with waiting(console, "checking …"):
        result = grade(which, submission, servers, wish, lambda done: show_check(console, done))
    show_end(console, which, result, wish)
    if wish.task is None and wish.check is None:
        keep(result, folder)
    for name in desks.changed_tests(which, folder):
        console.print(f"tests/{name} is not as you got it; the grader uses its own.", markup=False)
    hidden = {each.id for each in which.checks if each.hidden}
    return all(
        each.state == "passed" or (each.id in hidden and each.state == "skipped") for each in result.checks
    )


def wait_for_change(console: Console, which: Homework, folder: Path) -> None:
    from homework.grader import desk as desks

    console.print("\nwaiting for a change; Ctrl-C ends", style="dim")
    before = desks.files_of(which, folder)
    while desks.files_of(which, folder) == before:
        time.sleep(0.3)


@homework.command()
@click.argument("which", type=HOMEWORK, metavar="HOMEWORK")
@click.argument("task", type=click.IntRange(1))
@click.option("--level", type=click.IntRange(1, 3), default=1, show_default=True, help="How much it says.")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True)
def hint(which: Homework, task: int, level: int, lang: str) -> None:
    """A hint for one task: 1 where to look, 2 what to think of, 3 nearly how.

    \b
    ./seckill homework hint 02 3
    ./seckill homework hint 02 3 --level 2
    """
    from homework.grader.hints import hint_of

    which.task(task)
    click.echo(hint_of(which, task, level, lang))
    if level < 3:
        click.echo(f"\nMore: ./seckill homework hint {which.number:02} {task} --level {level + 1}")


@homework.command()
@DESK
@click.option("--id", "number", required=True, help="Your student number.")
@click.option("--author", required=True, help="Your name, in the letters a to z.")
@click.option("--to", type=FOLDER, default=".", help="Where the zip goes.")
def pack(desk: Path, number: str, author: str, to: Path) -> None:
    """Pack what you hand in: every homework that you have begun, and of it only the files that are asked for.

    \b
    ./seckill homework pack --id 20260001 --author lin
    """
    from homework.grader import desk as desks
    from homework.grader.names import parse

    click.echo(desks.pack(str(parse(f"seckill-{number}-{author}")), desk, to))


@homework.command("student-pack")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
def student_pack(file: Path) -> None:
    """For instructors: the project as students receive it, without solutions and hidden checks.

    \b
    ./seckill homework student-pack seckill-for-students.zip
    """
    from homework.grader import student_pack as packing

    click.echo(f"{packing.write(file)} files in {file}")


@click.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--to", type=FOLDER, default="results", show_default=True, help="Where the results go.")
@click.option("--homework", "chosen", type=HOMEWORK, multiple=True, help="Only this one. May be repeated.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1, 64), help="So many at a time.")
@click.option("--seed", default=7, show_default=True, help="Draws the data of the checks.")
@click.option("--course", type=COURSE, help="course.toml: roster, due dates, late policy, pinned grader.")
@click.option("--quiet", is_flag=True, help="One line a homework, without the checks.")
@click.option(
    "--without-walls", is_flag=True, help="Grade where namespaces are missing: only code you trust."
)
def grade(
    *,
    folder: Path,
    to: Path,
    chosen: tuple[Homework, ...],
    jobs: int,
    seed: int,
    course: Path | None,
    quiet: bool,
    without_walls: bool,
) -> int:
    """Grade one submission, or a folder of them (folders or zips named seckill-<id>-<author>).

    Writes TO/<submission>/<homework>/result.json, and from all the results in TO a class report, a
    gradebook, viva cards and more (./seckill class report -h). Run again, it grades only what is new or has
    changed. Exit code 0 when everything could be decided, whatever the marks are.

    \b
    ./seckill grade handed-in/ --course course.toml
    ./seckill grade handed-in/seckill-20260001-lin --homework 02
    """
    from common.cli.console import new_console
    from homework.grader import walls
    from homework.grader.class_commands import make_exports
    from homework.grader.course import Course, load
    from homework.grader.many import grade_all, pieces
    from homework.grader.report import show_line, show_result
    from homework.grader.submissions import find_all, opened

    console = new_console()
    if walls.missing() and os.geteuid() != 0 and not without_walls:  # it could delete what is yours
        raise click.ClickException(walls.REFUSED.format(why=walls.missing()))
    if walls.missing():
        console.print(walls.missing(), style="yellow")
    rules = load(course) if course else Course()
    paths, misnamed = find_all(folder)
    handed_in = {path.name: opened(path) for path in paths}
    empty = [name for name, each in handed_in.items() if each.is_empty]
    work = list(pieces(handed_in.values(), chosen or all_homeworks(), to))
    if not work:
        raise click.ClickException(f"nothing in {folder} belongs to a homework")
    number = 0

    def done(result: Result, kept: bool) -> None:
        nonlocal number
        number += 1
        show_line(console, f"[{number}/{len(work)}]", result, kept)

    results = grade_all(work, jobs, seed, done)
    if len(paths) == 1 and not quiet:
        for result in results:
            show_result(console, find(result.homework), result)
    undecided = sum(check.state == "grader_error" for result in results for check in result.checks)
    for wrong in misnamed:
        console.print(f"not graded: {wrong.message}", style="yellow", markup=False)
    for name in empty:
        said = f"not graded: {name} has no file of any homework where it is looked for, like hw02/swap.py"
        console.print(said, style="yellow", markup=False)
    report, *_others = make_exports(to, rules, to, paths)
    console.print(f"{len(results)} results in {to}; open {report}", markup=False)
    return 1 if undecided or misnamed or empty else 0
