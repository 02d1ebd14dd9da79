"""Leaderboards on round trips, SQL statements and bytes; never on time, which is the machine's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from homework.grader.result import Result

Measure = Literal["round_trips", "sql", "bytes"]
MEASURES: tuple[Measure, ...] = get_args(Measure)


@dataclass(frozen=True)
class Place:
    """A line of a board; equal values share a rank, and the next rank is skipped (1, 2, 2, 4)."""

    rank: int
    result: Result
    value: int


def board(results: Iterable[Result], measure: Measure) -> list[Place]:
    """The submissions to one homework that pass every check: to be cheap and wrong is no achievement."""
    values = sorted(
        (getattr(each.costs, measure), each.name, each) for each in results if each.perfect and each.costs
    )
    costs = [value for value, _name, _result in values]
    return [Place(costs.index(value) + 1, result, value) for value, _name, result in values]
