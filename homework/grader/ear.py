"""What Redis hears: the commands that reach it, from the server itself. What the sandbox tells is a claim."""

from __future__ import annotations

from redis import Redis
from redis.client import Monitor

from common.ids import new_id
from common.proof.schedule import Run
from homework.grader.servers import Unseen

SCRIPTS = frozenset({"EVALSHA", "EVAL", "FCALL"})
PAST_BACKENDS = (
    "your code sent commands to Redis that the grader was not told of: use the connection that you are given,"
    " as it is"
)


class Ear:
    """Hears what clients send to Redis, but not what a script does there."""

    def __init__(self, redis: Redis, monitor: Monitor) -> None:
        self._redis, self._monitor = redis, monitor

    def listen(self) -> None:
        """Hear from here on."""
        self.heard()

    def heard(self) -> list[str]:
        """The commands' names. Loading a script, and being refused because it is not loaded, are left out."""
        mark, names = new_id(), list[str]()
        self._redis.echo(mark)
        while True:
            said = self._monitor.next_command()  # type: ignore[no-untyped-call]
            if said["command"] == f"ECHO {mark}":
                return names
            name = said["command"].split(" ")[0].upper()
            if name == "SCRIPT":
                names[-1:] = [last for last in names[-1:] if last != "EVALSHA"]
            elif said["client_type"] != "lua":
                names.append(name)

    def expect_told(self, run: Run) -> None:
        """`Unseen` when Redis has heard more since `listen` than the sandbox told of."""
        steps = [move.step.command for move in run.moves if move.step.server == "Redis"]
        told_of = sum(step.count(", ") + 1 if step.startswith("pipeline: ") else 1 for step in steps)
        if len(self.heard()) > told_of:
            raise Unseen(PAST_BACKENDS)
