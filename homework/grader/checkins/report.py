"""What a class's check-ins say together: streaks, chapters covered, and who has been stuck for two days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise, takewhile

from homework.grader.checkins.entry import Entry
from homework.grader.names import Name

DAY = timedelta(days=1)
LONG = 2  # days: who is stuck for so long is asked, not left
WEEKEND = 5  # Saturday, as date.weekday() counts


@dataclass(frozen=True)
class Line:
    """One student. `stuck_since` is None, or the first day of the problem that is still not solved."""

    name: Name
    days: int
    streak: int
    longest: int
    chapters: tuple[str, ...]
    last: date
    stuck_since: date | None
    problem: str
    today: date

    @property
    def stuck_days(self) -> int:
        """Today counts, and so do days of silence: who wrote nothing since is not thought to be helped."""
        return (self.today - self.stuck_since).days + 1 if self.stuck_since else 0

    @property
    def needs_help(self) -> bool:
        return self.stuck_days >= LONG


def summarize(entries: Iterable[Entry], today: date) -> list[Line]:
    """A line for each student: who needs help first, the longest stuck before the others."""
    of: dict[str, list[Entry]] = {}
    for entry in sorted(entries, key=lambda each: each.day):
        of.setdefault(entry.name.id, []).append(entry)
    lines = [_line(those, today) for those in of.values()]
    return sorted(lines, key=lambda line: (-line.stuck_days if line.needs_help else 0, line.name))


def _line(entries: Sequence[Entry], today: date) -> Line:
    runs = _streaks([entry.day for entry in entries])
    last = entries[-1]
    stuck = list(takewhile(lambda entry: entry.stuck, reversed(entries)))
    return Line(
        name=last.name,
        days=len(entries),
        streak=runs[-1] if _missed(last.day, today) == 0 else 0,
        longest=max(runs),
        chapters=tuple(sorted({chapter for entry in entries for chapter in entry.chapters})),
        last=last.day,
        stuck_since=stuck[-1].day if stuck else None,
        problem=" ".join(last.answers["problems"].split()) if stuck else "",
        today=today,
    )


def _streaks(days: Sequence[date]) -> list[int]:
    """The lengths of the runs of days without a missed one."""
    runs = [1]
    for before, after in pairwise(days):
        if _missed(before, after):
            runs.append(1)
        else:
            runs[-1] += 1
    return runs


def _missed(before: date, after: date) -> int:
    """The working days between two days. A free weekend breaks no streak, and today is not over yet."""
    between = (before + DAY * n for n in range(1, (after - before).days))
    return sum(day.weekday() < WEEKEND for day in between)
