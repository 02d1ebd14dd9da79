"""The parent's side of the keeper: start a process, signal it, learn that it ended."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from common.lab import keeper as keeper_module
from common.lab.errors import LabError
from common.lab.places import ROOT, new_run

READY_WITHIN = 30.0  # seconds for a process to become ready; a slow laptop needs about one

Ready = Callable[[], bool]


class Supervisor:
    """One keeper process and the private folder it removes at the end. Safe to use from several threads."""

    def __init__(self, base: Path | None = None) -> None:
        self.owner = os.getpid()
        self.folder, lock = new_run(base)
        self._news = threading.Condition()
        self._replies: dict[int, dict[str, Any]] = {}
        self._ended: dict[int, int] = {}
        self._next = 0
        self.closed = False
        self._link, theirs = socket.socketpair()
        try:
            self._keeper = self._start_keeper(theirs, lock)
        finally:
            theirs.close()
            os.close(lock)
        self._listener = threading.Thread(target=self._listen, name="lab-keeper", daemon=True)
        self._listener.start()

    def _start_keeper(self, link: socket.socket, lock: int) -> subprocess.Popen[bytes]:
        numbers = [str(number) for number in (link.fileno(), lock, os.getpid())]
        with (self.folder / "keeper.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", keeper_module.__file__, *numbers, os.fspath(self.folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                pass_fds=(link.fileno(), lock),
            )

    @property
    def keeper_pid(self) -> int:
        return self._keeper.pid

    def _listen(self) -> None:
        with contextlib.suppress(OSError), self._link.makefile("rb") as lines:
            for line in lines:
                news = json.loads(line)
                with self._news:
                    if "ended" in news:
                        self._ended[news["ended"]] = news["status"]
                    else:
                        self._replies[news["id"]] = news
                        self._ended.pop(news.get("pid", 0), None)  # process ids come round again
                    self._news.notify_all()
        with self._news:
            self.closed = True
            self._news.notify_all()
        keeper_module.sweep(os.fspath(self.folder))  # after a killed keeper: what its processes had started

    def check_open(self) -> None:
        """LabError when everything is being ended: for those who wait for something else meanwhile."""
        if self.closed:
            raise LabError("The private servers are being ended.")

    def _ask(self, **request: Any) -> dict[str, Any]:
        """The keeper's reply to one request."""
        with self._news:
            self._next += 1
            number = self._next
            try:
                self._link.sendall(json.dumps({"id": number, **request}).encode() + b"\n")
            except OSError:
                raise LabError("The private servers are being ended.") from None
            self._news.wait_for(lambda: self.closed or number in self._replies)
            return self._replies.pop(number, {"error": "the private servers are being ended"})

    def start(
        self,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        log: Path,
        cwd: Path = ROOT,
        stdin: Path = Path(os.devnull),
        grace: bool = False,
    ) -> int:
        """Start `argv` with exactly `env`; the process id. `grace`: at the end, TERM and 3 s before KILL."""
        mark = {keeper_module.MARK: os.fspath(self.folder)}
        reply = self._ask(
            do="start",
            argv=[os.fspath(word) for word in argv],
            env={**env, **mark},
            cwd=os.fspath(cwd),
            stdin=os.fspath(stdin),
            log=os.fspath(log),
            grace=grace,
        )
        if "error" in reply:
            raise LabError(f"Cannot start {argv[0]}: {reply['error']}.")
        return int(reply["pid"])

    def signal(self, pid: int, number: int) -> None:
        """KILL, STOP and CONT go to the whole process group, others to its leader: it tells its workers.

        A process that has ended is left in peace. Returns when the signal has been sent, not before.
        """
        self._ask(do="signal", pid=pid, signal=int(number))

    def status(self, pid: int) -> int | None:
        """Exit code (negative: the signal that ended it); None while it runs."""
        with self._news:
            return -signal.SIGKILL if self.closed and pid not in self._ended else self._ended.get(pid)

    def wait(self, pid: int, timeout: float | None = None) -> int | None:
        """Wait until the process has ended; its exit code, or None after `timeout` seconds."""
        with self._news:
            self._news.wait_for(lambda: self.closed or pid in self._ended, timeout)
        return self.status(pid)

    def run(
        self, argv: Sequence[str | Path], *, env: Mapping[str, str], log: Path, stdin: Path = Path(os.devnull)
    ) -> int:
        """Start a command and wait for its exit code. It ends with us, as every process here."""
        status = self.wait(self.start(argv, env=env, log=log, stdin=stdin))
        return -signal.SIGKILL if status is None else status

    def close(self) -> None:
        """End everything and wait until it is gone. Does nothing in a forked copy of the owner."""
        if os.getpid() != self.owner:
            return
        with contextlib.suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)
        self._keeper.wait()
        self._listener.join()
        self._link.close()
        shutil.rmtree(self.folder, ignore_errors=True)  # when the keeper was killed before it could


class Process:
    """A process under the keeper: an application server, a worker, a load generator, a private server.

    Guarantees that it ends with the command that started it. Does not restart it when it ends by itself.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        log: Path,
        ready: Ready | None = None,
        cwd: Path = ROOT,
        grace: bool = True,
    ) -> None:
        self.name = name
        self.argv = list(argv)
        self.log = log
        self.pid = 0
        self._supervisor, self._env, self._ready, self._cwd, self._grace = supervisor, env, ready, cwd, grace

    def start(self) -> None:
        """Start (again), with the same arguments and addresses, and wait until it is ready.

        LabError when it ends before it is ready, or is not ready within 30 s; the text holds its last words,
        and it runs no more: whoever tries another way finds its place free.
        """
        if self.alive:
            raise LabError(f"{self.name} is running already.")
        self.pid = self._supervisor.start(
            self.argv, env=self._env, log=self.log, cwd=self._cwd, grace=self._grace
        )
        if self._ready:
            try:
                wait_until_ready(self, self._ready)
            except BaseException:
                with contextlib.suppress(LabError):  # everything is being ended: so is this
                    self.kill()
                raise

    @property
    def alive(self) -> bool:
        return self.pid != 0 and self.returncode is None

    @property
    def returncode(self) -> int | None:
        """Exit code, negative for the signal that ended it; None while it runs (or before its start)."""
        return self._supervisor.status(self.pid) if self.pid else None

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for its end; the exit code, or None when it still runs after `timeout` seconds."""
        return self._supervisor.wait(self.pid, timeout)

    def send_signal(self, number: int) -> None:
        """Send a signal (see `Supervisor.signal` for who in its group gets it)."""
        self._supervisor.signal(self.pid, number)

    def kill(self) -> None:
        """SIGKILL to it and to everything in its session, as a power cut would; returns when it has ended."""
        self.send_signal(signal.SIGKILL)
        self.wait()

    def stop(self, timeout: float = 10.0) -> None:
        """SIGTERM, and SIGKILL to what still runs after `timeout` seconds; returns when it has ended."""
        self.send_signal(signal.SIGTERM)
        if self.wait(timeout) is None:
            self.kill()

    def pause(self) -> None:
        """SIGSTOP: alive, connected, and silent, until `resume`."""
        self.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self.send_signal(signal.SIGCONT)

    def last_words(self, lines: int = 3) -> str:
        """The end of its log on one line."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return " / ".join(text.strip().splitlines()[-lines:]) or "nothing in its log"


def wait_until_ready(process: Process, ready: Ready) -> None:
    """Ask `ready` until it says yes; LabError when the process ends or the time is up."""
    deadline = time.monotonic() + READY_WITHIN
    while not ready():
        if not process.alive:
            raise LabError(f"{process.name} ended before it was ready: {process.last_words()}")
        if time.monotonic() > deadline:
            raise LabError(f"{process.name} is not ready after {READY_WITHIN:.0f} s: {process.last_words()}")
        time.sleep(0.01)
