"""The driver: actors in threads, each stopped before every step; one moves at a time, and we say who."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from threading import Thread, local
from typing import Literal, NamedTuple

from common.proof.steps import Step
from common.proof.waits import LockWaits

GLANCE = 0.001  # seconds to wait for a reply before asking the server who waits for a lock
PATIENCE = 30.0  # seconds that an actor may compute or sleep between two steps
MOST_MOVES = 400
DIFFERS = re.compile(
    r":\{[a-z]\w*\}(?!:\w+:sale:)|rq:queues"  # keys of no sale, which all playings share
    r"|^PTTL"
)  # what is answered to these is not the same each time

BEGINS, WAKES = Step("Python", "begins"), Step("Python", "wakes up")

Job = Callable[[], object]


class DriverError(Exception):
    """The run could not be completed, so it proves nothing. The text is one sentence."""


@dataclass(frozen=True)
class Move:
    """One actor took one step. `ready` is who could have moved instead (the mover included).

    `replies` holds every reply that came before the next move, by actor: none of the mover's own when its
    step waits for a lock, and another actor's when this move gave that lock back.
    """

    actor: str
    step: Step
    ready: tuple[str, ...]
    replies: Mapping[str, str]


Choose = Callable[[Sequence[Move], tuple[str, ...]], str]
"""Given the moves so far and who is ready: who moves next."""


class Event(NamedTuple):
    actor: str
    kind: Literal["arrived", "replied", "waits", "freed", "ended"]
    what: object = None  # the step, the reply, what the job returned or raised


class Actor:
    """A thread that does jobs, and the watcher of its own steps. It takes none before it is told to `go`."""

    def __init__(self, name: str, events: SimpleQueue[Event]) -> None:
        self.name = name
        self._events = events
        self._turns: SimpleQueue[None] = SimpleQueue()
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        Thread(target=self._work, name=f"actor {name}", daemon=True).start()

    def before(self, step: Step) -> None:
        self._events.put(Event(self.name, "arrived", step))
        self._turns.get()

    def after(self, step: Step, reply: str) -> None:  # noqa: ARG002 - every watcher hears the same
        self._events.put(Event(self.name, "replied", reply))

    def begin(self) -> None:
        """A step without a server: whoever begins first may find what the other one does not."""
        self.before(BEGINS)
        self.after(BEGINS, "")

    def wait(self) -> None:
        """Wait until some other thread wakes this one up, and the driver lets it go on."""
        self._events.put(Event(self.name, "waits"))
        self._turns.get()
        self.after(WAKES, "")

    def release(self) -> None:
        """Wake this one up. Called by the other thread, while that is under way itself."""
        self._events.put(Event(self.name, "arrived", WAKES))

    def free(self) -> None:
        """Let this one, which is stopped before a step, go on without taking it. Called by another thread,
        while that is under way itself."""
        self._events.put(Event(self.name, "freed"))
        self.go()

    def go(self) -> None:
        self._turns.put(None)

    def start(self, job: Job) -> None:
        self._jobs.put(job)

    def stop(self) -> None:
        self._jobs.put(None)

    def _work(self) -> None:
        _here.actor = self
        while job := self._jobs.get():
            try:
                outcome = job()
            except BaseException as error:  # whatever it is, it is the job's outcome
                outcome = error
            self._events.put(Event(self.name, "ended", outcome))


_here = local()


def acting() -> Actor | None:
    """The actor whose thread this is."""
    return getattr(_here, "actor", None)


class Driver:
    """Plays one job per actor, step by step.

    Guarantees that between two moves nothing is under way: everybody is stopped before a step, has ended,
    waits for a lock that somebody else holds, or for another thread (if its wait is announced: see
    common.proof.threads). Does not know other ways of waiting for each other, such as a blocking Redis
    command: who does is given up after `patience` seconds.
    """

    def __init__(
        self,
        actors: Mapping[str, Actor],
        events: SimpleQueue[Event],
        waits: LockWaits,
        patience: float = PATIENCE,
    ) -> None:
        self._actors = actors
        self._events = events
        self._waits = waits
        self._patience = patience
        self._stopped: dict[str, Step] = {}
        self._under_way: dict[str, Step] = {}
        self._thinking: set[str] = set()
        self._asleep: set[str] = set()
        self._outcomes: dict[str, object] = {}

    def play(
        self,
        jobs: Mapping[str, Job],
        choose: Choose,
        tidy: Callable[[str], str],
        moved: Callable[[], None] = lambda: None,
    ) -> tuple[list[Move], dict[str, object]]:
        """The moves, and what each job returned or raised. `tidy` is applied to all texts; `moved` is called
        after each move. Raises `DriverError`; leaves no job running, whatever is raised."""
        self._stopped, self._under_way, self._outcomes = {}, {}, {}
        self._thinking, self._asleep = set(jobs), set()
        for name, job in jobs.items():
            self._actors[name].start(job)
        try:
            moves: list[Move] = []
            self._settle()
            while ready := tuple(sorted(self._stopped)):
                if len(moves) == MOST_MOVES:
                    raise DriverError(f"after {MOST_MOVES} steps somebody still goes on")  # noqa: TRY301
                name = choose(moves, ready)
                step = self._stopped[name]
                step = replace(step, command=tidy(step.command), details=tidy(step.details))
                self._let_go(name)
                replies = {actor: tidy(reply) for actor, reply in sorted(self._settle().items())}
                if DIFFERS.search(step.command) and name in replies:
                    replies[name] = "…"
                moves.append(Move(name, step, ready, replies))
                moved()
            if self._asleep:
                raise DriverError(f"{' and '.join(sorted(self._asleep))} wait for ever")  # noqa: TRY301
        except BaseException:
            self._finish()
            raise
        return moves, self._outcomes

    def _let_go(self, name: str) -> None:
        self._under_way[name] = self._stopped.pop(name)
        self._actors[name].go()

    def _settle(self) -> dict[str, str]:
        """Wait until nothing is under way but waits for locks; the replies that came."""
        replies: dict[str, str] = {}
        while event := self._next():
            self._note(event)
            if event.kind == "replied":
                replies[event.actor] = str(event.what)
            if event.kind == "waits":
                replies[event.actor] = f"{replies.get(event.actor, '')} waits for another thread".lstrip()
        return replies

    def _next(self) -> Event | None:
        """The next event; None when there will be none before the next move."""
        while self._thinking or self._under_way:
            try:
                return self._events.get(timeout=self._patience if self._thinking else GLANCE)
            except Empty:
                if self._thinking:
                    raise DriverError(
                        f"{min(self._thinking)} took no step for {self._patience:.0f} seconds"
                    ) from None
            if self._stopped and self._all_wait():
                return None
        return None

    def _all_wait(self) -> bool:
        waiting = self._waits.sessions()
        return all(step.session in waiting for step in self._under_way.values())

    def _note(self, event: Event) -> None:
        self._thinking.discard(event.actor)
        self._asleep.discard(event.actor)
        if event.kind == "arrived":
            assert isinstance(event.what, Step)
            self._stopped[event.actor] = event.what
        elif event.kind == "waits":
            self._asleep.add(event.actor)
        elif event.kind == "freed":
            del self._stopped[event.actor]
            self._thinking.add(event.actor)
        elif event.kind == "replied":
            del self._under_way[event.actor]
            self._thinking.add(event.actor)
        else:
            self._under_way.pop(event.actor, None)
            self._outcomes[event.actor] = event.what

    def _finish(self) -> None:
        """Let everybody run to the end, in whatever order. Who hangs is left behind."""
        with suppress(Empty):
            while self._stopped or self._thinking or self._under_way:
                for name in list(self._stopped):
                    self._let_go(name)
                self._note(self._events.get(timeout=self._patience))
