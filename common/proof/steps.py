"""Steps: what the proof kit sees of a stage, with no hook in its code: `Backends.observe` stands in between.

A step is one round trip to MariaDB or Redis: one statement (BEGIN, COMMIT and ROLLBACK too), one Redis
command, one pipeline, one script. Greeting a server, PING, subscribing and loading a script are none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

Server = Literal["MariaDB", "Redis", "Python", "Linux"]
"""Python is the process itself, where several actors share it; Linux ends one that is to be killed."""


@dataclass(frozen=True)
class Step:
    """One round trip. Two steps are equal when they ask the same server for the same thing.

    `command` is short and readable; `details` are a Redis command's further arguments, which may hold times
    and random tokens. `reads` says that the step certainly changes nothing (only ever known of Redis).
    `session` is MariaDB's number of the connection, 0 for Redis.
    """

    server: Server
    command: str
    details: str = field(default="", compare=False)
    reads: bool = False
    session: int = field(default=0, compare=False)

    @property
    def label(self) -> str:
        return f"{self.command} {self.details}".rstrip()


KILL = Step("Linux", "kill -9")


class Watcher(Protocol):
    """Hears of every step, in the thread that takes it. May wait, count, or kill the process."""

    def before(self, step: Step) -> None:
        """The step is about to leave; it leaves when this returns."""

    def after(self, step: Step, reply: str) -> None:
        """The step is over. `reply` is short: "1 row", "stock=1 …", "error 1213"."""


class Recorder:
    """A watcher that keeps what it hears: to count round trips, and to read what they were."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.replies: list[str] = []

    def before(self, step: Step) -> None:
        self.steps.append(step)

    def after(self, step: Step, reply: str) -> None:  # noqa: ARG002 - every watcher hears the same
        self.replies.append(reply)
