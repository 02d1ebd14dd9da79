# os is enough here: pathlib would double the time to start.
# ruff: noqa: PTH112, PTH123, PTH208, S606
"""The keeper: one small process that starts, watches and ends everything a Lab runs.

Run as `python -I -S keeper.py SOCKET LOCK PARENT FOLDER` (standard library only, ready in about 20 ms).
It reads requests and writes news as JSON lines on SOCKET. It keeps three promises:

- When the parent ends, however it ends (`kill -9` too), everything started here ends and FOLDER is removed.
- When a process ends, whatever it left behind in its session ends too: workers, and workers of workers.
- When the keeper itself is killed, the kernel kills each process it started (Linux). Their children are
  left to the parent, which looks for them by the mark in their environment (see `sweep`).

It does not restart anything and does not look into what it starts.
"""

from __future__ import annotations

import ctypes
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Any

GRACE = 3.0  # seconds between TERM and KILL for processes that asked for it
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
MARK = "SECKILL_LAB_RUN"  # environment variable that every process of a run carries: the run's folder


def prctl(option: int, value: int) -> None:
    """A Linux-only favour of the kernel; elsewhere nothing happens and the other promises still hold."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def processes() -> dict[int, tuple[int, int]]:
    """Parent and session of every running process, by id. Empty where there is no /proc."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else ()):
        with suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
            state, parent, _group, session = file.read().rpartition(b")")[2].split()[:4]
            if state != b"Z":
                found[int(name)] = (int(parent), int(session))
    return found


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def sweep(folder: str) -> None:
    """Kill every process that carries FOLDER's mark: the net below all the others."""
    mark = f"{MARK}={folder}".encode()
    for pid in processes():
        with suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:
            if pid != os.getpid() and mark in file.read().split(b"\0"):
                kill(pid)


class Child:
    """One process that the keeper started, leader of its own session."""

    def __init__(self, pid: int, grace: bool) -> None:
        self.pid = pid
        self.grace = grace

    def signal(self, number: int) -> None:
        """KILL, STOP and CONT to the whole group; others to its leader, who tells its workers itself."""
        to_all = number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT)
        with suppress(ProcessLookupError, PermissionError):
            (os.killpg if to_all else os.kill)(self.pid, number)


class Keeper:
    """Requests in, news out, until the parent is gone."""

    def __init__(self, link: socket.socket, lock: int, parent: int, folder: str) -> None:
        self.link, self.lock, self.parent, self.folder = link, lock, parent, folder
        self.children: dict[int, Child] = {}
        self.pending = b""

    def run(self) -> None:
        """Serve until the link closes or the parent is gone, then leave nothing behind."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.link, selectors.EVENT_READ, self.read)
            selector.register(self.child_alarm(), selectors.EVENT_READ, self.reap)
            # A forked copy of the parent may hold the link open; the parent's own end is then seen here.
            with suppress(OSError, AttributeError):
                selector.register(os.pidfd_open(self.parent), selectors.EVENT_READ, lambda: False)
            while self.serve(selector.select()):
                pass
        self.end()

    def serve(self, events: list[tuple[selectors.SelectorKey, int]]) -> bool:
        """Call what belongs to each event; False when one of them says that it is over."""
        answers = [key.data() for key, _ in events]
        return all(answers)

    def child_alarm(self) -> socket.socket:
        """A socket that becomes readable when a child has ended."""
        alarm, waker = socket.socketpair()
        alarm.setblocking(False)
        waker.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        self.alarm, self.waker = alarm, waker
        return alarm

    def read(self) -> bool:
        """Take what the parent sent; False when it hung up."""
        data = b""
        with suppress(OSError):
            data = self.link.recv(65536)
        *lines, self.pending = (self.pending + data).split(b"\n")
        for line in lines:
            self.obey(json.loads(line))
        return bool(data)

    def tell(self, **news: Any) -> None:
        with suppress(OSError):
            self.link.sendall(json.dumps(news).encode() + b"\n")

    def obey(self, request: dict[str, Any]) -> None:
        if request["do"] == "signal":
            child = self.children.get(request["pid"])
            if child:
                child.signal(request["signal"])
            self.tell(id=request["id"])
            return
        try:
            pid = self.start(request)
        except OSError as error:
            self.tell(id=request["id"], error=error.strerror or str(error))
        else:
            self.tell(id=request["id"], pid=pid)

    def start(self, request: dict[str, Any]) -> int:
        """Fork and exec; what fails before the exec is raised here, as an OSError."""
        trouble, report = os.pipe()
        keeper = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                become(request, keeper)
            except BaseException as error:  # nothing may return into the copied keeper
                os.write(report, str(getattr(error, "errno", None) or 0).encode())
            os._exit(127)
        os.close(report)
        number = os.read(trouble, 16)
        os.close(trouble)
        if number:
            os.waitpid(pid, 0)
            raise OSError(int(number), f"{os.strerror(int(number))}: {request['argv'][0]}")
        self.children[pid] = Child(pid, request["grace"])
        return pid

    def reap(self) -> bool:
        """Collect ended processes, tell the parent, and end what they left in their sessions."""
        with suppress(BlockingIOError):
            self.alarm.recv(4096)
        with suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                if self.children.pop(pid, None):
                    for left, (_, session) in processes().items():
                        if session == pid:
                            kill(left)
                    self.tell(ended=pid, status=os.waitstatus_to_exitcode(status))
        return True

    def end(self) -> None:
        """TERM to those with a grace, KILL to all, until no descendant is left; then remove the folder."""
        for child in self.children.values():
            child.signal(signal.SIGCONT)
            if child.grace:
                child.signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        while any(child.grace for child in self.children.values()) and time.monotonic() < deadline:
            time.sleep(0.01)
            self.reap()
        for child in list(self.children.values()):
            child.signal(signal.SIGKILL)
        while self.descendants():
            time.sleep(0.005)
            self.reap()
        sweep(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)

    def descendants(self) -> list[int]:
        """Kill every child that is left, adopted ones included (we are their subreaper), and name them."""
        left = [pid for pid, (parent, _) in processes().items() if parent == os.getpid()]
        for pid in left:
            kill(pid)
        return left or list(self.children)


def become(request: dict[str, Any], keeper: int) -> None:
    """In the forked child: own session, own output, and the program. Never returns."""
    os.setsid()
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != keeper:  # the keeper ended before the kernel was told to watch it
        os._exit(127)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    os.dup2(os.open(request["stdin"], os.O_RDONLY), 0)
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(request["cwd"])
    os.execvpe(request["argv"][0], request["argv"], request["env"])


def main() -> None:
    link, lock, parent, folder = sys.argv[1:]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # only the parent's end, or KILL, ends the keeper
    os.set_inheritable(int(link), False)
    os.set_inheritable(int(lock), False)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    Keeper(socket.socket(fileno=int(link)), int(lock), int(parent), folder).run()


if __name__ == "__main__":
    main()
