"""A result in the terminal: what a student reads."""

from __future__ import annotations

from rich.console import Console

from homework.grader.book import Homework
from homework.grader.grading import Wish
from homework.grader.result import CheckResult, Result

MARKS = {"passed": "✔", "failed": "✘", "skipped": "–", "not_started": "○", "grader_error": "!"}
COLOURS = {
    "passed": "green",
    "failed": "red",
    "skipped": "dim",
    "not_started": "yellow",
    "grader_error": "magenta",
}
LONGEST = 600  # characters of what was expected or seen


def show_check(console: Console, check: CheckResult) -> None:
    """One check: its sentence, what was expected and seen, the schedule, and the command that replays it."""
    title = check.title["en"]
    console.print(f"[{COLOURS[check.state]}]{MARKS[check.state]}[/] ", end="")
    console.print(f"{check.id}: {title} ({check.points} of {check.of})", markup=False)
    for word, said in (("", check.message), ("expected: ", check.expected), ("seen: ", check.seen)):
        if said is not None and check.state != "passed":
            console.print(f"    {word}{str(said)[:LONGEST]}", markup=False)
    if check.diagram:
        console.print(f"\n    schedule {check.schedule}\n\n{check.diagram}\n", markup=False, soft_wrap=True)
    if check.replay:
        console.print(f"    again: {check.replay}", markup=False, soft_wrap=True)


def show_end(console: Console, homework: Homework, result: Result, wish: Wish | None = None) -> None:
    """The sum of what was asked for, not of what had to be tried before it; and what to do next."""
    wish = wish or Wish()
    asked = [
        check for check in result.checks if wish.task in {None, check.task} and wish.check in {None, check.id}
    ]
    parts = (homework.code, f"task {wish.task}" if wish.task else None, wish.check)
    points, of = sum(check.points for check in asked), sum(check.of for check in asked if check.counts)
    what = ", ".join(filter(None, parts))
    console.print(f"\n{what}: {points} of {of} points, seed {result.seed}", markup=False)
    if result.message:
        console.print(result.message, markup=False)
    wrong = [check for check in result.checks if check.state == "grader_error"]
    if wrong:
        console.print(f"{len(wrong)} checks could not be decided; they cost no points.", markup=False)
    failed = next((check for check in result.checks if check.state in {"failed", "not_started"}), None)
    if failed:
        hint = f"./seckill homework hint {homework.number:02} {failed.task}"
        console.print(f"Stuck on {failed.id}? {hint}", markup=False)


def show_result(console: Console, homework: Homework, result: Result) -> None:
    """All of one homework."""
    console.print(f"\n{homework.code}, {homework.title['en']}", markup=False)
    for check in result.checks:
        show_check(console, check)
    show_end(console, homework, result)


def show_line(console: Console, progress: str, result: Result, kept: bool) -> None:
    """One result of many: a line."""
    marks = "".join(MARKS[check.state] for check in result.checks)
    note = " (graded before)" if kept else f" ({result.message})" if result.message else ""
    line = f"{progress} {result.submission} {result.homework}: {result.points} of {result.of} {marks}{note}"
    console.print(line, markup=False, soft_wrap=True)
