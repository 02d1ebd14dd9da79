"""hw04: how far the server's clock is ahead of ours, told by a few answers. Whole milliseconds throughout.

Nothing here asks what time it is, keeps anything, or depends on anything but its arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Sample(NamedTuple):
    """One request. Our clock when it left and when the answer came; the server's at a moment in between."""

    sent: int
    server: int
    received: int


def offset(samples: Sequence[Sample]) -> tuple[int, int] | None:
    """The least and the most by which the server's clock can be ahead of ours (negative: behind).

    Samples come in order. One that was received before it was sent says nothing. When they contradict each
    other, our clock was set in between, and only the last ones that agree count. None when there is nothing
    to go by.
    """
    found: tuple[int, int] | None = None
    for sample in reversed(samples):
        if sample.received < sample.sent:
            continue
        low, high = sample.server - sample.received, sample.server - sample.received
        if found:
            low, high = max(low, found[0]), min(high, found[1])
        if low > high:
            break
        found = low, high
    return found


def wait(opens: int, now: int, samples: Sequence[Sample]) -> int | None:
    """How long the button waits, from `now` by our clock, for a sale that opens at `opens` by the server's.

    Never so short that a press could come too early, and no longer than that takes; 0 when it is open for
    certain. None when there is nothing to go by.
    """
    found = offset(samples)
    return max(0, opens - now - found[0]) if found else None
