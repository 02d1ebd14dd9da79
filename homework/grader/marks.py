"""From a result to a mark: what the late policy takes, and what the whole course comes to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from homework.grader.course import Course
from homework.grader.mistakes import Mistake
from homework.grader.result import Result

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Mark:
    """`percent` (0 to 100) is what counts, lateness included; None when the grader failed: mark by hand."""

    percent: float | None
    late_days: int = 0
    taken: float = 0.0


def mark(result: Result, course: Course) -> Mark:
    """The mark for one homework. A day begun is a day late."""
    days = late_days(result, course)
    if result.share is None:
        return Mark(None, days)
    taken = 100.0 if days > course.late.days else min(100.0, days * course.late.percent_per_day)
    return Mark(round(100 * result.share * (1 - taken / 100), 2), days, taken)


def late_days(result: Result, course: Course) -> int:
    """0 in time, 1 from the first minute after the grace until a day later, and so on."""
    due = course.due(result.id, result.homework)
    handed_in = course.handed_in(result.id, result.homework)
    if due is None or handed_in is None or handed_in <= due + timedelta(minutes=course.late.grace_minutes):
        return 0
    return math.ceil((handed_in - due) / DAY)


def total(marks: Mapping[str, Mark | None], course: Course) -> float | None:
    """The weighted mean, 0 to 100. Not handed in counts 0; what waits to be marked does not count."""
    counted = {hw: each.percent if each else 0.0 for hw, each in marks.items()}
    weights = {hw: course.homework[hw].weight if hw in course.homework else 1.0 for hw in counted}
    known = {hw: percent for hw, percent in counted.items() if percent is not None}
    whole = sum(weights[hw] for hw in known)
    return round(sum(weights[hw] * percent for hw, percent in known.items()) / whole, 2) if whole else None


def check_grader(results: Iterable[Result], course: Course) -> None:
    """Raise `Mistake` when a result comes from another grader than the course is pinned to."""
    for result in results:
        if course.grader is not None and result.grader != course.grader:
            raise Mistake(
                f"{result.submission} {result.homework} was graded by version {result.grader}, and the course"
                f" is pinned to {course.grader}: grade it again with that, or change grader in course.toml"
            )
