"""The trusted side of the sandbox: start it, call functions in it, end it. See jail.py and inside.py."""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, Self

from pymysql import MySQLError
from redis import RedisError

from common.lab.places import ROOT
from common.proof.scenario import NOW
from common.proof.steps import Step, Watcher
from common.shop import Refused
from homework.grader import spawner, walls
from homework.grader.patience import TICK, Look, look, own
from homework.grader.servers import Servers, Sockets
from homework.grader.wire import Sent, Wire, compare

ANSWER_WITHIN = 10.0  # seconds that the student's code may compute or sleep between two messages
SERVED_WITHIN = 20.0  # seconds that it may wait for a server between two messages
START_WITHIN = 60.0
ALL_WITHIN = 180.0  # seconds for everything that one check asks of it
CHUNK = 1 << 16
LONGEST_LINE = 1 << 20  # bytes of one message
KEPT_OUTPUT = 1 << 16  # bytes of what it prints
LIMITS = {
    "CPU": 60,  # seconds
    "AS": 2 << 30,  # bytes of address space for each process
    "NPROC": 64,
    "FSIZE": 16 << 20,
    "NOFILE": 256,
    "CORE": 0,
}
TOO_SLOW = (
    f"your code did not answer within {ANSWER_WITHIN:.0f} seconds, or took more than {ALL_WITHIN:.0f} in all:"
    " is there a loop that does not end, or a sleep?"
)
NOT_SERVED = (
    f"your code has waited for a server for {SERVED_WITHIN:.0f} seconds: is there a lock that it holds itself"
    " on another connection, or a script that does not end?"
)
HOME = "/student"  # not /home, where the course itself may live
INSIDE = Sockets(Path("/run/mysql.sock"), Path("/run/redis.sock"))
NO_ANSWER = "your process answered with something that is no answer"
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")


class StudentError(Exception):
    """The student's code did not answer as it should. The text is a sentence for the student."""

    def __repr__(self) -> str:
        return "an error in your code"  # in a diagram, below which the sentence stands


class SandboxError(Exception):
    """The sandbox cannot be used, through no fault of the student's."""


class NotStarted(Exception):
    """The student's code says NotImplementedError: nobody has begun here. The text, if any, is a sentence."""


@dataclass(frozen=True)
class Answer:
    """What a call came to: a `value`, or an `error` (`Refused`, `MySQLError`, `RedisError`, `StudentError`,
    `NotStarted`), its round trips as [server, command, reply], and what was `sent` by them, one by one."""

    value: Any = None
    error: Exception | None = None
    steps: Sequence[Sequence[str]] = ()
    sent: Sequence[Sent] = ()

    def result(self) -> Any:
        if self.error:
            raise self.error
        return self.value


class Channel:
    """One actor in the sandbox. A call blocks the calling thread until the sandbox has answered."""

    def __init__(self, link: socket.socket, box: Sandbox) -> None:
        self._link = link
        self._came = b""
        self._box = box

    def call(
        self,
        function: str,
        arguments: Mapping[str, Any],
        *,
        now: datetime = NOW,
        watcher: Watcher | None = None,
        within: float | None = None,
    ) -> Answer:
        """Run `function` of harness.py. With a `watcher`, each round trip waits for `watcher.before`.

        Raises `Unseen` when it told of other round trips than it made; with a watcher, whoever watches has to
        ask for that, by `Sandbox.verify`.

        `within`: seconds of its own that the sandbox may let pass between two messages (`ANSWER_WITHIN`
        unless given). What a busy machine takes from it does not count: see patience.py.
        """
        within, under_way = within or ANSWER_WITHIN, False if watcher else None
        self._send(function=function, arguments=arguments, now=now.isoformat(), watched=watcher is not None)
        step = Step("MariaDB", "")
        while True:
            message = self._read(Wait(self._box, within, under_way))
            if "arrived" in message and watcher:
                step = step_of(message["arrived"])
                watcher.before(step)
                self._box.leave(step)
                self._send()
                under_way = True
            elif "replied" in message and watcher:
                under_way = False
                watcher.after(step, str(message["replied"]))
            elif "ended" in message:
                if not is_story(message.get("steps")):
                    raise StudentError(NO_ANSWER)
                answer = understand(message["ended"], message["steps"])
                if watcher or isinstance(answer.error, NotStarted | StudentError):
                    return answer
                self._box.told += [(server, label) for server, label, _ in answer.steps]
                return replace(answer, sent=self._box.verify())
            else:
                raise StudentError(NO_ANSWER)

    def _send(self, **message: Any) -> None:
        try:
            self._link.settimeout(START_WITHIN)
            self._link.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            raise StudentError(self._box.farewell()) from None

    def _read(self, wait: Wait) -> dict[str, Any]:
        self._link.settimeout(TICK)
        while b"\n" not in self._came and len(self._came) < LONGEST_LINE:
            wait.go_on()
            self._came += self._receive()
        line, _, self._came = self._came.partition(b"\n")
        self._box.heard += 1
        try:
            message = json.loads(line)
            assert isinstance(message, dict)
            json.dumps(
                message, ensure_ascii=False, allow_nan=False
            ).encode()  # it has to fit in a result.json
        except (ValueError, RecursionError, AssertionError):
            raise StudentError(f"{NO_ANSWER}, or is too long") from None
        return message

    def _receive(self) -> bytes:
        """What has come within a tick. `StudentError` when nobody is there any more."""
        try:
            if data := self._link.recv(CHUNK):
                return data
        except TimeoutError:
            return b""
        except OSError:
            pass  # as good as the end
        raise StudentError(self._box.farewell())

    def close(self) -> None:
        self._link.close()


class Wait:
    """One wait for a message of the sandbox: how much of it is the sandbox's own doing.

    `under_way`: whether its request is at a server; None when only the wire can tell.
    """

    def __init__(self, box: Sandbox, within: float, under_way: bool | None) -> None:
        self._box, self._within, self._under_way = box, within, under_way
        self._heard, self._last = box.heard, time.monotonic()
        self._look: Look | None = None
        self._own, self._served = 0.0, 0.0
        box.expect_time()

    def go_on(self) -> None:
        """Once in a tick, look what has passed since. When it is too much: `StudentError`, and its end."""
        if time.monotonic() < self._last + TICK:
            return
        self._last, before, self._look = time.monotonic(), self._look, self._box.look()
        if self._heard != self._box.heard:  # another actor's: while somebody moves, others may wait for it
            self._heard, self._own, self._served = self._box.heard, 0.0, 0.0
        elif before:
            passed = min(own(before, self._look), 2 * TICK)  # a machine that stood still is nobody's doing
            if self._under_way or (self._under_way is None and self._box.is_served):
                self._served += passed
            else:
                self._own += passed
        if self._own > self._within:
            self._box.end(TOO_SLOW)
        if self._served > SERVED_WITHIN:
            self._box.end(NOT_SERVED)
        self._box.expect_time()


def step_of(said: Any) -> Step:
    """A step as inside.py tells of it. `StudentError` for anything else."""
    match said:
        case {
            "server": "MariaDB" | "Redis" as server,
            "command": str(command),
            "details": str(details),
            "reads": bool(reads),
            "session": int(session),
        }:
            return Step(server, command, details, reads, session)
    raise StudentError(NO_ANSWER)


CARRIED_OVER = "raised by the student's code"  # a note on each error that is made here from what is told


def is_carried_over(error: Exception) -> bool:
    """Whether it is what the student's code raised, and not what happened to the grader."""
    return CARRIED_OVER in getattr(error, "__notes__", [])


def understand(ended: Any, steps: Any) -> Answer:
    """What inside.py told of the end of a call. Anything else counts as no answer."""
    match ended:
        case {"value": value}:
            return Answer(value, steps=steps)
        case {"not_started": str(said)}:
            return Answer(error=NotStarted(said[:300]), steps=steps)
        case {"refused": str(kind), "status": int(status), "detail": str(detail)}:
            return Answer(error=refusal(kind, status, detail), steps=steps)
        case {"database": str(said), "detail": str(detail), "where": str(where)}:
            number = said.removeprefix("error ")
            error = MySQLError(int(number), detail) if number.isdigit() else RedisError(f"{number} {detail}")
            error.add_note(where)
            error.add_note(CARRIED_OVER)
            return Answer(error=error, steps=steps)
        case {"raised": str(said), "where": str(where)}:
            return Answer(
                error=StudentError(f"your code raised {said}" + (f" (at {where})" if where else "")),
                steps=steps,
            )
    return Answer(error=StudentError(NO_ANSWER))


def is_story(steps: Any) -> bool:
    """Whether that is a list of [server, command, reply]."""
    return isinstance(steps, list) and all(
        isinstance(step, list) and len(step) == 3 and all(isinstance(text, str) for text in step)
        for step in steps
    )


def refusal(kind: str, status: int, detail: str) -> Refused:
    """A `Refused` of the kind that was raised on the other side."""
    known = {each.type: each for each in Refused.__subclasses__() if each.type not in {"invalid", "refused"}}
    error = known.get(kind, Refused)(detail)
    error.type, error.status = kind, status  # instance attributes: the class may be the student's own
    error.add_note(CARRIED_OVER)
    return error


class Sandbox:
    """One process of the student's code, with so many actors. A context manager; ends whatever it started.

    Guarantees limits on time, memory, processes, files and output. With namespaces it also guarantees no
    network and no file but those bound in; `missing` says what this machine did not permit.
    """

    def __init__(
        self,
        servers: Servers,
        stage: str,
        files: Mapping[str, bytes],
        harness: Path,
        *,
        actors: int = 2,
        bind: Mapping[str, Path] | None = None,
    ) -> None:
        self._servers, self._stage, self._bound = servers, stage, bind or {}
        self.output = b""
        self.missing: list[str] = []
        # The lab's folder is removed whatever happens, but without walls another user could not enter it.
        self._walled = not walls.missing()
        base = servers.sockets.mysql.parent if self._walled else None
        self._folder = Path(tempfile.mkdtemp(prefix="seckill-box-", dir=base))
        self.heard = 0  # messages of all its actors
        self._uid = 20000 + int.from_bytes(os.urandom(4)) % 40000
        self._lay_out(files, harness)
        self._wire = Wire(servers.sockets, self._folder)
        self.told: list[tuple[str, str]] = []  # server and label of each round trip, since the last `verify`
        try:
            self._start(actors)
        except BaseException:
            self._clear_away()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._link.close()
        for channel in self.channels:
            channel.close()
        self._clear_away()

    def _clear_away(self) -> None:
        self._wire.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _lay_out(self, files: Mapping[str, bytes], harness: Path) -> None:
        for name in ("root", "course", "home"):
            (self._folder / name).mkdir()
        shutil.copyfile(harness, self._folder / "course" / "harness.py")
        for name, content in files.items():
            (self._folder / "home" / name).write_bytes(content)
        for path in [
            self._folder,
            *self._folder.rglob("*"),
        ]:  # another user reads them
            path.chmod(0o755 if path.is_dir() else 0o644)
        if os.geteuid() == 0:
            for path in [self._folder / "home", *(self._folder / "home").iterdir()]:
                os.chown(path, self._uid, self._uid)

    def _start(self, actors: int) -> None:
        pairs = [socket.socketpair() for _ in range(actors)]
        output, theirs = os.pipe()
        passed = [theirs, *(other.fileno() for _, other in pairs)]
        try:
            self._link = spawner.order(self._servers.spawner, self._spec(), passed)
        finally:
            os.close(theirs)
            for _, other in pairs:
                other.close()
        self.channels = [Channel(ours, self) for ours, _ in pairs]
        if not (packet := self._link.recv(CHUNK)):
            raise SandboxError("the jail does not start")
        said = json.loads(packet)
        self._jail, self.missing = said["pid"], said["missing"]
        self.began = self.look()
        self._code: int | None = None
        self._gone = threading.Event()
        threading.Thread(target=self._see_to_the_end, args=(output,), daemon=True).start()

    def _spec(self) -> dict[str, Any]:
        """What the spawner and the jail are told. Without a root of its own, all is where it really is."""
        walled = self._walled
        settings = self._servers.student_settings(INSIDE if walled else self._wire.sockets)
        return {
            "config": {
                "stage": self._stage,
                "mysql_url": settings.mysql_url,
                "redis_url": settings.redis_url,
            },
            "course": "/course" if walled else str(self._folder / "course"),
            "cwd": HOME,
            "outer_cwd": str(self._folder / "home"),
            "uid": self._uid,
            "limits": LIMITS,
            "root": str(self._folder / "root"),
            "isolate": walled,
            "binds": self._binds(),
        }

    def _binds(self) -> list[tuple[str, str, bool]]:
        """The course's code is where the spawner has it from: of what is imported already, more may be."""
        return [
            *walls.runtime(),
            *((each, each, True) for each in DEVICES),
            *((str(source), target, True) for target, source in self._bound.items()),
            *((str(ROOT / name), str(ROOT / name), False) for name in ("common", "stages")),
            (str(self._folder / "course"), "/course", False),
            (str(self._folder / "home"), HOME, True),
            (str(self._wire.sockets.mysql), str(INSIDE.mysql), True),
            (str(self._wire.sockets.redis), str(INSIDE.redis), True),
        ]

    def path(self, target: str) -> str:
        """Where the student's code finds a folder that is bound at `target`."""
        return target if self._walled else str(self._bound[target])

    def _see_to_the_end(self, output: int) -> None:
        """Keep the beginning of what it prints, and throw away the rest; then learn how it ended."""
        with open(output, "rb", buffering=0) as printed:
            while data := printed.read(CHUNK):
                if len(self.output) < KEPT_OUTPUT:
                    self.output = (self.output + data)[:KEPT_OUTPUT]
        with suppress(OSError):
            while packet := self._link.recv(CHUNK):
                self._code = json.loads(packet)["code"]
        self._gone.set()

    def look(self) -> Look:
        """What it and those who serve it have used of the machine so far."""
        return look(self._jail, [os.getpid(), *self._servers.pids])

    @property
    def is_served(self) -> bool:
        """Whether some request of it has no reply yet."""
        return self._wire.is_asked

    def expect_time(self) -> None:
        """`StudentError` when everything together has taken too long."""
        if time.monotonic() > self.began.at + ALL_WITHIN and own(self.began, self.look()) > ALL_WITHIN:
            self.end(TOO_SLOW)

    def end(self, why: str) -> NoReturn:
        self.kill()
        raise StudentError(why)

    def leave(self, step: Step) -> None:
        """The step gets leave to go. `StudentError` when nobody is there any more to take it."""
        if self._gone.is_set():
            raise StudentError(self.farewell())
        self.told.append((step.server, step.label))

    def verify(self) -> Sequence[Sent]:
        """What was sent since this was asked last; `Unseen` unless just that was told of.

        Ask when no round trip is under way, but for those that wait for a lock.
        """
        told, self.told[:] = self.told[:], []
        sent = self._wire.sent()
        compare(told, sent)
        return sent

    def kill(self) -> None:
        """End it and all it started, and wait until that is gone."""
        with suppress(OSError):
            self._link.shutdown(socket.SHUT_WR)
        self._gone.wait()

    def farewell(self) -> str:
        """Why it does not answer any more, as a sentence."""
        self._gone.wait(1)
        words = self.output.decode(errors="replace").strip().splitlines()
        last = f"; its last words: {words[-1][:200]}" if words else ""
        if not self._gone.is_set():
            return "your process closed its connection to the grader instead of answering"
        return f"your process ended (exit code {self._code}) instead of answering{last}"


@contextmanager
def ready(box: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, once all its actors have greeted the servers. None of the student's code has run yet, so
    what goes wrong here is the grader's: `SandboxError`."""
    with box:
        for channel in box.channels:
            try:
                channel.call("", {}, within=START_WITHIN).result()
            except (StudentError, MySQLError, RedisError) as error:
                raise SandboxError(f"the sandbox does not start: {error}") from error
        yield box
