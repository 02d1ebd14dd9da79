"""hw10, task 1: how long to wait before the next try."""

from __future__ import annotations

FIRST, LONGEST = 100, 2000  # ms: the span from which the first wait is drawn, and the longest span
SHORTEST = 50  # ms that a call takes at least: with less left, none is begun


def pause(tries: int, left: int, retry_after: int, draw: float) -> int | None:
    """Whole ms to wait before the next try; None when no time would be left for it.

    `tries` have failed (1 or more), and `left` ms are left. The service wants nobody back for `retry_after`
    ms (0: it does not mind). `draw` was drawn by chance, from 0 up to 1, without 1.
    """
    # TODO: Draw from a span that doubles with each try, and look whether there is time.
    raise NotImplementedError
