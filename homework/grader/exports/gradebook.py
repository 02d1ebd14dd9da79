"""The gradebook as CSV for spreadsheets: a row for each student, percent after the late policy."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from homework.grader.course import Course, Student
from homework.grader.marks import Mark, mark, total
from homework.grader.result import Result

MARK = "\ufeff"  # a byte order mark, without which spreadsheets take Chinese for something else
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a cell that begins so would be run


def gradebook(results: Iterable[Result], course: Course) -> str:
    """The table: the roster in its order, then whoever else handed in, with "no" under `on_roster`.

    An empty cell means that nothing was handed in (0 in the total), `?` that the grader failed (it does not
    count; mark it by hand). Only homework that somebody handed in has columns.
    """
    marks: dict[str, dict[str, Mark]] = {}
    authors: dict[str, str] = {}
    for each in results:
        marks.setdefault(each.id, {})[each.homework] = mark(each, course)
        authors[each.id] = each.author
    homework = sorted({hw for by_homework in marks.values() for hw in by_homework})
    strangers = [Student(id=id_, author=authors[id_]) for id_ in sorted(marks) if not course.student(id_)]
    told = io.StringIO()
    table = csv.writer(told, lineterminator="\r\n")
    columns = [column for hw in homework for column in (hw, f"{hw} days late")]
    table.writerow(["id", "author", "name", "group", "on_roster", *columns, "total"])
    for student in [*course.roster, *strangers]:
        own = {hw: marks.get(student.id, {}).get(hw) for hw in homework}
        listed = "yes" if student in course.roster else "no"
        who = [student.id, student.author, student.name, student.group, listed]
        cells = [cell for each in own.values() for cell in _cells(each)]
        table.writerow([*map(_harmless, who), *cells, _shown(total(own, course))])
    return MARK + told.getvalue()


def _cells(each: Mark | None) -> tuple[str, str]:
    if each is None:
        return "", ""
    return "?" if each.percent is None else _shown(each.percent), str(each.late_days)


def _shown(percent: float | None) -> str:
    return "" if percent is None else f"{percent:.2f}"


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
