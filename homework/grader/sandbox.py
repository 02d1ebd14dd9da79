"""The trusted side of the sandbox: start it, call functions in it, end it. See jail.py and inside.py."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from pymysql import MySQLError
from redis import RedisError

from common.lab.places import ROOT
from common.proof.scenario import NOW
from common.proof.steps import Step, Watcher
from common.shop import Refused
from homework.grader import inside, jail, walls
from homework.grader.servers import Servers, Sockets
from homework.grader.wire import Sent, Wire, compare

ANSWER_WITHIN = 10.0  # seconds that the student's code may compute or sleep between two messages
START_WITHIN = 60.0
ALL_WITHIN = 180.0  # seconds for everything that one check asks of it
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
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "MALLOC_ARENA_MAX": "2",  # each arena takes 64 MB of the address space
}
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
        self._lines = link.makefile("rb")
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

        `within`: seconds that the sandbox may let pass between two messages (`ANSWER_WITHIN` unless given).
        """
        self._link.settimeout(max(0.01, min(within or ANSWER_WITHIN, self._box.deadline - time.monotonic())))
        self._send(function=function, arguments=arguments, now=now.isoformat(), watched=watcher is not None)
        step = Step("MariaDB", "")
        while True:
            message = self._read()
            if "arrived" in message and watcher:
                step = step_of(message["arrived"])
                watcher.before(step)
                self._box.leave(step)
                self._send()
            elif "replied" in message and watcher:
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
            self._link.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            raise StudentError(self._box.farewell()) from None

    def _read(self) -> dict[str, Any]:
        try:
            line = self._lines.readline(LONGEST_LINE)
        except TimeoutError:
            self._box.kill()
            raise StudentError(TOO_SLOW) from None
        except OSError:
            line = b""
        if not line:
            raise StudentError(self._box.farewell())
        try:
            message = json.loads(line)
            assert isinstance(message, dict)
        except (ValueError, RecursionError, AssertionError):
            raise StudentError(f"{NO_ANSWER}, or is too long") from None
        return message

    def close(self) -> None:
        with suppress(OSError):
            self._lines.close()
            self._link.close()


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
        self.deadline = time.monotonic() + START_WITHIN + ALL_WITHIN
        self._uid = 20000 + int.from_bytes(os.urandom(4)) % 40000
        self._lay_out(files, harness)
        self._wire = Wire(servers.sockets, self._folder)
        self.told: list[tuple[str, str]] = []  # server and label of each round trip, since the last `verify`
        self._start(actors)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._wire.close()
        for channel in self.channels:
            channel.close()
        self._reader.join()
        if self._process.stdout:
            self._process.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _lay_out(self, files: Mapping[str, bytes], harness: Path) -> None:
        for name in ("root", "course", "home"):
            (self._folder / name).mkdir()
        shutil.copyfile(inside.__file__, self._folder / "course" / "inside.py")
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
        life, self._life = os.pipe()
        said, report = os.pipe()
        passed = [theirs.fileno() for _, theirs in pairs]
        spec = self._spec(passed)
        command = [sys.executable, "-I", "-S", jail.__file__, str(life), str(report), json.dumps(spec)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[life, report, *passed],
            start_new_session=True,
        )
        for number in (life, report):
            os.close(number)
        for _, theirs in pairs:
            theirs.close()
        with os.fdopen(said, "rb") as lines:
            self.missing = json.loads(lines.readline() or b"[]")
        self.channels = [Channel(ours, self) for ours, _ in pairs]
        self._reader = threading.Thread(target=self._read_output, daemon=True)
        self._reader.start()

    def _spec(self, passed: list[int]) -> dict[str, Any]:
        """What jail.py is told. Without a root of its own, the program finds all where it really is."""
        walled = self._walled
        at = Path("/") if walled else self._folder
        settings = self._servers.student_settings(INSIDE if walled else self._wire.sockets)
        config = {
            "stage": self._stage,
            "mysql_url": settings.mysql_url,
            "redis_url": settings.redis_url,
        }
        return {
            "argv": [sys.executable, str(at / "course/inside.py"), json.dumps(config), *map(str, passed)],
            "env": {**ENVIRONMENT, "PYTHONPATH": "/project" if walled else str(ROOT)},
            "cwd": "/home",
            "outer_cwd": str(self._folder / "home"),
            "uid": self._uid,
            "limits": LIMITS,
            "root": str(self._folder / "root"),
            "isolate": walled,
            "binds": self._binds(),
            "pass": passed,
        }

    def _binds(self) -> list[tuple[str, str, bool]]:
        return [
            *walls.runtime(),
            *((each, each, True) for each in DEVICES),
            *((str(source), target, True) for target, source in self._bound.items()),
            (str(ROOT / "common"), "/project/common", False),
            (str(ROOT / "stages"), "/project/stages", False),
            (str(self._folder / "course"), "/course", False),
            (str(self._folder / "home"), "/home", True),
            (str(self._wire.sockets.mysql), str(INSIDE.mysql), True),
            (str(self._wire.sockets.redis), str(INSIDE.redis), True),
        ]

    def path(self, target: str) -> str:
        """Where the student's code finds a folder that is bound at `target`."""
        return target if self._walled else str(self._bound[target])

    def _read_output(self) -> None:
        """Keep the beginning of what it prints, and throw away the rest."""
        assert self._process.stdout
        while data := self._process.stdout.read1(65536):  # type: ignore[attr-defined]
            self.output = (self.output + data)[:KEPT_OUTPUT]

    def leave(self, step: Step) -> None:
        """The step gets leave to go. `StudentError` when nobody is there any more to take it."""
        if self._life < 0:
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
        if self._life >= 0:
            os.close(self._life)
            self._life = -1
        self._process.wait()

    def farewell(self) -> str:
        """Why it does not answer any more, as a sentence."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        code = self._process.poll()
        words = self.output.decode(errors="replace").strip().splitlines()
        last = f"; its last words: {words[-1][:200]}" if words else ""
        if code is None:
            return "your process closed its connection to the grader instead of answering"
        return f"your process ended (exit code {code}) instead of answering{last}"


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
