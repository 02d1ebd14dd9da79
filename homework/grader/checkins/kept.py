"""What a student's own checks came to, kept beside the homework: the day's check-in is filled in from it.

    mine/hw02/.checked/2026-10-15T07-20-00+00-00.json

Nobody is marked by these files. They are not called result.json and lie deeper than files that are handed
in, so whoever packs, grades or reports passes them by. So does git: they can be made again from the commits,
and among the day's changed files they would say nothing.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from homework.grader.mistakes import Mistake
from homework.grader.result import Result
from homework.grader.results import load, write

FOLDER = ".checked"
MOST = 50  # of each homework


def keep(result: Result, homework: Path) -> None:
    """Keep one more, unless it came out as the last one of that day: `--watch` makes many. The oldest go."""
    folder = homework / FOLDER
    folder.mkdir(exist_ok=True)
    before = sorted(folder.iterdir())
    if not before or _outcome(before[-1]) != _told(result):
        write(folder / f"{result.started_at.replace(':', '-')}.json", result.to_json())
    for old in sorted(folder.iterdir())[:-MOST]:
        old.unlink()


def began(result: Result) -> datetime:
    """In local time."""
    return datetime.fromisoformat(result.started_at).astimezone()


def _outcome(file: Path) -> object:
    try:
        return _told(load(file))
    except Mistake:
        return None  # cut off, or of another version


def _told(result: Result) -> object:
    """All of it that a check-in tells."""
    checks = [(check.id, check.state, check.message) for check in result.checks]
    return began(result).date(), result.state, result.message, checks
