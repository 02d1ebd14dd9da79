"""Whose time it is: how long a sandbox lets us wait by its own doing, on a machine that others use too.

A wall clock cannot tell a student's endless loop from a process that gets no processor. The kernel can: it
counts for each task how long it ran, and how long it was ready to run and none was free (schedstat).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from homework.grader.jail import below

TICK = 0.5  # seconds between two looks
LEAST = 1 / 20
NANO = 1e-9


class Look(NamedTuple):
    """The state of things at one moment, in seconds."""

    at: float
    used: float  # of a processor, by the sandbox
    held_up: float  # by lack of one, of the sandbox and of all who serve it


def look(jail: int, servants: Iterable[int]) -> Look:
    """Now. `jail` is the process above the sandbox; `servants` those that answer it: we, and the servers."""
    inside = [tasks(pid) for pid in below(jail)]
    around = [tasks(pid) for pid in servants]
    used, waited = sum(each[0] for each in inside), sum(each[1] for each in (*inside, *around))
    return Look(time.monotonic(), used * NANO, waited * NANO)


def own(since: Look, now: Look) -> float:
    """Seconds between that were the sandbox's own: it computed, slept, or waited for what does not come.

    On a quiet machine these are all that passed, and more when several of its processes compute at once.
    Where the kernel does not tell (no schedstat), too. On none they are less than `LEAST` of what passed: so
    whoever sleeps is ended on the busiest one.
    """
    passed = now.at - since.at
    held_up = max(0.0, now.held_up - since.held_up)  # less than nothing when one who was held up has ended
    return max(now.used - since.used, passed - held_up, passed * LEAST)


def tasks(pid: int) -> tuple[int, int]:
    """How long the threads of a process ran and how long they waited for a processor, in nanoseconds."""
    ran, waited = 0, 0
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError, ValueError):
                one, other, _ = map(int, (task / "schedstat").read_text().split())
                ran, waited = ran + one, waited + other
    return ran, waited
