"""The crash sweep: one operation, killed after its first, its second … its last round trip."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext

from common.database import Db
from common.proof.steps import Step, Watcher
from common.stages import all_stages

PATIENCE = 30.0  # seconds

Operation = Callable[[Watcher], object]
"""Something a process does, each round trip announced to the watcher. Must survive pickling."""


class SweepError(Exception):
    """The sweep could not be carried out, so it proves nothing. The text is one sentence."""


@dataclass(frozen=True)
class Dead:
    """A process killed after `steps`, which it took over the MariaDB connections `sessions`."""

    steps: tuple[str, ...]
    sessions: frozenset[int]


class KilledAfter:
    """A watcher that kills its own process with SIGKILL when so many steps have been answered.

    Nothing is flushed, closed or rolled back by the dying process: what remains is what the servers know.
    """

    def __init__(self, last: int | None, report: Connection) -> None:
        self._last = last
        self._report = report
        self._answered = 0

    def before(self, step: Step) -> None:
        self._report.send((step.label, step.session))

    def after(self, step: Step, reply: str) -> None:  # noqa: ARG002 - every watcher hears the same
        self._answered += 1
        if self._answered == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


def count_steps(operation: Operation) -> int:
    """How many steps the operation takes when nobody kills it: a dry run in a process of its own."""
    code, dead = _run(operation, None)
    if code:
        raise SweepError(f"the operation fails without any crash (exit code {code})")
    return len(dead.steps)


def die_after(step: int, operation: Operation) -> Dead:
    """Run the operation in a process that is killed once step number `step` (from 1) is answered.

    Raises `SweepError` if it ended before: then the fault never happened.
    """
    code, dead = _run(operation, step)
    if code != -signal.SIGKILL:
        raise SweepError(f"the process was to die after step {step}, but ended after {len(dead.steps)}")
    return dead


def wait_until_gone(db: Db, sessions: frozenset[int]) -> None:
    """Return when MariaDB has rolled back what the dead sessions had begun, and forgotten them."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        rows = db.all("SELECT id FROM information_schema.processlist")
        if not sessions & {int(row["id"]) for row in rows}:
            return
    raise SweepError(f"MariaDB still knows the dead sessions {sorted(sessions)} after {PATIENCE:.0f} s")


def processes() -> ForkServerContext:
    """Where processes that may be killed come from: a fork server gives each a clean start in about 20 ms."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, *(f"stages.{stage.name}.app" for stage in all_stages())])
    return context


def _run(operation: Operation, last: int | None) -> tuple[int, Dead]:
    """Exit code and steps."""
    context = processes()
    told, tell = context.Pipe(duplex=False)
    process = context.Process(target=_operate, args=(operation, last, tell), daemon=True)
    process.start()
    tell.close()
    steps = []
    try:
        while True:
            steps.append(told.recv())
    except EOFError:
        pass  # the process is over: nobody else holds the other end
    process.join(PATIENCE)
    if process.exitcode is None:
        process.kill()
        raise SweepError(f"the operation still runs after {PATIENCE:.0f} s")
    labels, sessions = tuple(label for label, _ in steps), frozenset(session for _, session in steps)
    return process.exitcode, Dead(labels, sessions - {0})


def _operate(operation: Operation, last: int | None, report: Connection) -> None:
    operation(KilledAfter(last, report))
