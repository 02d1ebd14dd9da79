"""hw08, task 1: GCRA as a pure function."""

from __future__ import annotations

from collections.abc import Sequence


def let_through(count: int, period: int, burst: int, arrivals: Sequence[int]) -> list[bool]:
    """For each arrival, whether it is let through: `burst` at once, and `count` more in each `period`.

    Times and `period` are whole milliseconds, and the arrivals are in order. Who is refused leaves no trace.
    """
    answers = []
    full = 0  # when the limit is full again, in 1/count ms: one arrival then costs `period`, a whole number
    for at in arrivals:
        used = max(0, full - at * count)
        answers.append(used <= burst * period)
        if answers[-1]:
            full = at * count + used + period
    return answers
