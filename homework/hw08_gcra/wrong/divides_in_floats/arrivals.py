"""hw08, task 1: GCRA as a pure function."""

from __future__ import annotations

from collections.abc import Sequence


def let_through(count: int, period: int, burst: int, arrivals: Sequence[int]) -> list[bool]:
    """For each arrival, whether it is let through: `burst` at once, and `count` more in each `period`.

    Times and `period` are whole milliseconds, and the arrivals are in order. Who is refused leaves no trace.
    """
    answers = []
    interval = period / count
    full = 0
    for at in arrivals:
        used = max(0, full - at)
        answers.append(used + interval <= burst * interval)
        if answers[-1]:
            full = at + used + interval
    return answers
