"""What an instructor wants to know about a class and one homework, computed; the templates only show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from statistics import median
from typing import Self

from homework.grader.board import MEASURES, Measure, Place, board
from homework.grader.course import Course, Student
from homework.grader.marks import Mark, mark
from homework.grader.result import CheckResult, Result
from homework.grader.similarity import Pair

BUCKETS = 10  # of ten percent each; 100 is in the last
TALK_TO = 6  # students that are named first
FAR_BEHIND = 60  # percent


@dataclass(frozen=True)
class Row:
    """One student's result. `listed` is false for who is not on a roster that exists."""

    result: Result
    called: str
    listed: bool
    mark: Mark

    @property
    def check(self) -> CheckResult | None:
        """What to talk about first."""
        return self.result.stuck_at

    @property
    def by_hand(self) -> bool:
        """The grader did not come to the end: a person has to look."""
        errors = any(check.state == "grader_error" for check in self.result.checks)
        return self.result.state != "graded" or errors

    def state_of(self, check_id: str) -> str:
        return next((each.state for each in self.result.checks if each.id == check_id), "")


@dataclass(frozen=True)
class Failing:
    """One check, and those who fail it with files that can be used. `message` is what is said most often."""

    check: CheckResult
    failed: list[Row]
    blocked: int
    message: str


@dataclass(frozen=True)
class Picture:
    """One homework of a class."""

    homework: str
    rows: list[Row]
    missing: list[Student]
    pairs: Sequence[Pair] = field(default_factory=list)

    @classmethod
    def of(cls, homework: str, results: Sequence[Result], course: Course, pairs: Sequence[Pair]) -> Self:
        ids = {result.id for result in results}
        rows = [
            Row(
                each,
                course.called(each.name),
                not course.roster or bool(course.student(each.id)),
                mark(each, course),
            )
            for each in results
        ]
        return cls(homework, rows, [each for each in course.roster if each.id not in ids], pairs)

    @property
    def percents(self) -> list[float]:
        return [row.mark.percent for row in self.rows if row.mark.percent is not None]

    @property
    def median(self) -> float | None:
        return median(self.percents) if self.percents else None

    @property
    def perfect(self) -> int:
        return sum(row.result.perfect for row in self.rows)

    @property
    def by_hand(self) -> list[Row]:
        return [row for row in self.rows if row.by_hand]

    @property
    def behind(self) -> list[Row]:
        """The furthest behind first; nobody with a good mark."""
        low = [row for row in self.rows if row.mark.percent is not None and row.mark.percent < FAR_BEHIND]
        return sorted(low, key=lambda row: (row.mark.percent, row.result.name))

    @property
    def columns(self) -> list[CheckResult]:
        """Every check that some result has, in the order of the homework."""
        found = {check.id: check for row in self.rows for check in row.result.checks}
        return sorted(found.values(), key=lambda check: check.task)

    @property
    def tasks(self) -> list[tuple[int, int]]:
        """Each task with the number of its checks."""
        return [(task, len(list(checks))) for task, checks in groupby(self.columns, lambda check: check.task)]

    @property
    def buckets(self) -> list[list[Row]]:
        """The rows by mark: 0–9 percent, 10–19, … 90–100."""
        marked = [(row.mark.percent, row) for row in self.rows if row.mark.percent is not None]
        place = [(min(int(percent * BUCKETS / 100), BUCKETS - 1), row) for percent, row in marked]
        return [[row for at, row in place if at == bucket] for bucket in range(BUCKETS)]

    @property
    def failing(self) -> list[Failing]:
        """The checks that somebody fails, the commonest first."""
        found = [self._failing(check) for check in self.columns]
        return sorted((each for each in found if each.failed), key=lambda each: -len(each.failed))

    @property
    def boards(self) -> Mapping[Measure, list[Place]]:
        return {measure: board([row.result for row in self.rows], measure) for measure in MEASURES}

    def _failing(self, check: CheckResult) -> Failing:
        states = [(row, row.state_of(check.id)) for row in self.rows if row.result.state == "graded"]
        failed = [row for row, state in states if state == "failed"]
        blocked = sum(state == "skipped" for _row, state in states)
        said = Counter(
            each.message or "" for row in failed for each in row.result.checks if each.id == check.id
        )
        return Failing(check, failed, blocked, said.most_common(1)[0][0] if said else "")
