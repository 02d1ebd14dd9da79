"""Actors as threads of one process: they share connections, caches and locks, and wait for each other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from common.proof.driver import acting
from common.proof.steps import Step


class ByThread:
    """A watcher for `Backends` that several actors share: each step is told to the actor whose thread takes
    it. Steps of threads that are no actors are not announced."""

    def before(self, step: Step) -> None:
        if actor := acting():
            actor.before(step)

    def after(self, step: Step, reply: str) -> None:
        if actor := acting():
            actor.after(step, reply)


@contextmanager
def waits_announced() -> Iterator[None]:
    """Within this block an actor that waits for another thread says so, and is woken only when it is told to.

    All that waits in Python waits in `Condition.wait`: `Event`, `Semaphore`, `Barrier`, `queue.Queue` and
    `concurrent.futures.Future`. Who waits there is known to wait until the very call that wakes it, so no
    clock is asked: that is a proof, where a thread that has been quiet for long would be a guess.

    Two ways of waiting are not announced. A bare `Lock` held during a step: the driver gives up on who wants
    it. And a wait with a time-out: it is waited out, so that others come first only when it is over.
    """
    wait = threading.Condition.wait

    def announced(condition: threading.Condition, timeout: float | None = None) -> bool:
        actor = acting()
        if actor is None or timeout is not None:
            return wait(condition, timeout)
        condition._waiters.append(actor)  # type: ignore[attr-defined]  # `notify` calls its `release`
        lock = condition._release_save()  # type: ignore[attr-defined]
        actor.wait()
        condition._acquire_restore(lock)  # type: ignore[attr-defined]
        return True

    threading.Condition.wait = announced  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        threading.Condition.wait = wait  # type: ignore[method-assign]
