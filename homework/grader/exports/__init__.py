"""Everything made from results: for instructors, for students, for other systems."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path

from homework.grader.course import Course
from homework.grader.exports import pages
from homework.grader.exports.gradebook import gradebook
from homework.grader.exports.gradescope import gradescope
from homework.grader.exports.junit import junit
from homework.grader.exports.picture import Picture
from homework.grader.marks import check_grader
from homework.grader.result import Result
from homework.grader.results import in_order
from homework.grader.similarity import Pair
from homework.grader.viva import card

Similar = Mapping[str, Sequence[Pair]]  # by homework


def write_exports(
    results: Sequence[Result], folder: Path, course: Course, today: date, similar: Similar | None = None
) -> list[Path]:
    """Write every export into `folder`; the files written, the class report first.

    The same results on the same day give the same bytes. Raises `Mistake` when a result comes from another
    grader than the one that the course is pinned to, and then writes nothing.
    """
    check_grader(results, course)
    ordered = in_order(results)
    pictures = [
        Picture.of(homework, list(those), course, (similar or {}).get(homework, ()))
        for homework, those in groupby(ordered, lambda each: each.homework)
    ]
    files = {
        "report.html": pages.report(pictures, course, today),
        "gradebook.csv": gradebook(ordered, course),
        "viva.html": pages.viva([card(each) for each in ordered if each.state == "graded"], course, today),
        "leaderboard.html": pages.leaderboard(pictures, course, today),
        "junit.xml": junit(ordered),
    } | {f"gradescope/{each.submission}-{each.homework}.json": _json(each) for each in ordered}
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")
    return [folder / name for name in files]


def _json(result: Result) -> str:
    return json.dumps(gradescope([result]), ensure_ascii=False, indent=1) + "\n"
