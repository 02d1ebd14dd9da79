"""An actor that is a process, and another one that ends it with SIGKILL, between any two of its steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from common.backends import Backends
from common.backoffice import BackOffice
from common.database import Db
from common.proof import crash
from common.proof.driver import Actor
from common.proof.scenario import Action, Ending, Scene, noon
from common.proof.steps import KILL, Step
from common.settings import Settings
from common.shop import Shop

KILLED = Ending("was killed")


@dataclass(frozen=True)
class Life:
    """An action as a process of its own does it, with a shop of its own. Must survive pickling."""

    stage: str
    create_shop: Callable[[Backends], Shop]
    settings: Settings
    action: Action
    scene: Scene

    def __call__(self, tell: Connection) -> object:
        backends = Backends.connect(self.stage, self.settings, noon, Relay(tell))
        shop = self.create_shop(backends)
        return self.action(shop, BackOffice(backends.sql, shop.listeners), self.scene)


class Relay:
    """The watcher in the process: tells of each step, and takes it when it is told to go on."""

    def __init__(self, tell: Connection) -> None:
        self._tell = tell

    def before(self, step: Step) -> None:
        self._tell.send(("before", step, ""))
        self._tell.recv()

    def after(self, step: Step, reply: str) -> None:
        self._tell.send(("after", step, reply))


@dataclass
class Victim:
    """One life of an actor. `live` in the actor's thread, `die` in that of who kills it.

    What it leaves behind is what the servers know: the dying process closes nothing and takes nothing back.
    When `die` returns, MariaDB has rolled back what it had begun.
    """

    actor: Actor
    life: Life
    _process: BaseProcess | None = None
    _stopped: bool = False
    _sessions: set[int] = field(default_factory=set)

    def live(self) -> object:
        """What the action came to. Raises what it raised."""
        context = crash.processes()
        heard, tell = context.Pipe()
        self._process = context.Process(target=_live, args=(self.life, tell), daemon=True)
        self._process.start()
        tell.close()
        try:
            while True:
                kind, what, reply = heard.recv()
                if kind == "ended":
                    break
                if kind == "before":
                    self._sessions |= {what.session} - {0}
                    self._stopped = True
                    self.actor.before(what)
                    self._stopped = False
                    heard.send("go")
                else:
                    self.actor.after(what, reply)
        except (EOFError, OSError):
            return KILLED
        self._process.join()
        self._process = None
        if isinstance(what, Exception):
            raise what
        return what

    def die(self, killer: Actor, db: Db) -> str | None:
        """One step of `killer`: kill the process, if it has not ended."""
        killer.before(KILL)
        process = self._process
        if process is not None:
            process.kill()
            process.join()
            crash.wait_until_gone(db, frozenset(self._sessions))
            if self._stopped:
                self.actor.free()
        killer.after(KILL, "killed" if process else "no such process")
        return None if process else Ending("comes too late")


def _live(life: Life, tell: Connection) -> None:
    try:
        outcome = life(tell)
    except Exception as error:  # whatever it is, it is the action's outcome
        outcome = error
    tell.send(("ended", outcome, ""))
