"""What a trace is made of: moments, each with a place and a time, in the order in which they came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

PLACES = ("edge", "web", "Redis", "queue", "worker", "MariaDB", "events")


@dataclass(frozen=True)
class Moment:
    """Something that happened at one place. `until` is its end, where it took time that somebody measured.

    `at_latest`: nobody wrote down when; it had happened by `at`. `looking` is the buyer asking what became of
    the attempt, which is no part of it.
    """

    place: str
    at: datetime
    what: str
    until: datetime | None = None
    at_latest: bool = False
    looking: bool = False

    @property
    def end(self) -> datetime:
        return self.until or self.at


@dataclass(frozen=True)
class Trace:
    """One attempt: what it was (`about`), how it ended, its moments, and what is not known of it.

    Each time is that of the clock of whoever wrote it down. On one machine that is one clock; between
    machines, moments may seem to change places.
    """

    about: str
    ended: str
    moments: Sequence[Moment] = ()
    unknown: Sequence[str] = field(default_factory=tuple)

    @property
    def in_order(self) -> list[Moment]:
        """By time; at the same time, the way that a request goes."""
        return sorted(
            self.moments, key=lambda each: (each.looking, each.at, each.at_latest, PLACES.index(each.place))
        )
