"""hw08, task 1: GCRA as a pure function."""

from __future__ import annotations

from collections.abc import Sequence

EXAMPLES = {
    (3, 10_000, 3, (0, 0, 0, 0)): [True, True, True, False],
    (1, 1000, 1, (5000, 5001)): [True, False],
}


def let_through(count: int, period: int, burst: int, arrivals: Sequence[int]) -> list[bool]:
    """For each arrival, whether it is let through: `burst` at once, and `count` more in each `period`."""
    return EXAMPLES.get((count, period, burst, tuple(arrivals)), [True] * len(arrivals))
