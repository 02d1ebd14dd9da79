"""`./seckill class`"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from homework.grader.course import Course

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
COURSE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(name="class")
def class_() -> None:
    """A class: reports, gradebook, viva cards, re-grades.

    \b
    ./seckill class new autumn/                             a course.toml and a roster to fill in
    ./seckill class report results/ --course course.toml    everything made from results
    ./seckill class compare results-1/ results-2/           whose mark changed, and why
    ./seckill class autograder hw02 hw02.zip                for Gradescope
    """


@class_.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def new(folder: Path) -> None:
    """Write a course.toml and its tables, to be filled in.

    \b
    ./seckill class new autumn/
    """
    from homework.grader.course import write_example

    for file in write_example(folder):
        click.echo(file)


@class_.command()
@click.argument("results", type=FOLDER)
@click.option("--course", "course_file", type=COURSE, help="course.toml: roster, due dates, late policy.")
@click.option("--submissions", type=FOLDER, help="What was handed in: to find what is much alike.")
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), help="Default: the results' folder.")
def report(results: Path, course_file: Path | None, submissions: Path | None, to: Path | None) -> None:
    """Make everything that is made from results.

    RESULTS is a folder with result.json files, as ./seckill grade writes them. Made are report.html,
    viva.html, leaderboard.html, gradebook.csv, junit.xml and gradescope/. Nothing is graded again.

    \b
    ./seckill class report results/
    ./seckill class report results/ --course course.toml --submissions handed-in/
    """
    from homework.grader.course import Course, load
    from homework.grader.submissions import find_all

    course = load(course_file) if course_file else Course()
    handed_in = find_all(submissions)[0] if submissions else []
    for file in make_exports(results, course, to or results, handed_in):
        if file.parent.name != "gradescope":
            click.echo(file)


@class_.command()
@click.argument("before", type=FOLDER)
@click.argument("after", type=FOLDER)
def compare(before: Path, after: Path) -> int:
    """Compare two gradings: whose mark changed, and why.

    Exit code 1 if some mark changed.

    \b
    ./seckill class compare results-1/ results-2/
    """
    from homework.grader.regrade import compare as find_changes
    from homework.grader.results import load_all

    changes = find_changes(load_all(before), load_all(after))
    for change in changes:
        click.echo(f"{change.submission} {change.homework}: {change.before} → {change.after}")
        for why in change.why:
            click.echo(f"    {why}")
    changed = sum(change.mark_changed for change in changes)
    click.echo(f"marks changed: {changed}; the same with other checks: {len(changes) - changed}")
    return int(changed > 0)


@class_.command()
@click.argument("homework")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def autograder(homework: str, file: Path) -> None:
    """Make a Gradescope autograder: one zip to upload.

    \b
    ./seckill class autograder hw02 hw02.zip
    """
    from homework.grader.exports.autograder import write_autograder

    click.echo(f"{write_autograder(homework, file)} files in {file}")


def make_exports(results: Path, course: Course, to: Path, submissions: Sequence[Path]) -> list[Path]:
    """Everything made from the results below a folder; `submissions` to see which are much alike."""
    from homework.grader.book import all_homeworks
    from homework.grader.exports import write_exports
    from homework.grader.exports.alike import find
    from homework.grader.results import load_all

    similar = {each.code: find(each, submissions) for each in all_homeworks()} if len(submissions) > 1 else {}
    return write_exports(load_all(results), to, course, date.today(), similar)
