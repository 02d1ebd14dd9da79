# os and ctypes are enough here, and start quickest.
# ruff: noqa: S606
"""The jail: becomes a place that a program cannot leave, runs the program there, and ends all it started.

`confine` is called in a process made for it by spawner.py, and never returns. Over `link` (packets) it says
which process it is and what this machine did not permit, and at the end the program's exit code; when the
other end of `link` closes, everything ends. The specification is JSON: uid, limits, cwd, outer_cwd, isolate,
root, binds ([source, target, writable]).

With namespaces (root, or an ordinary user where user namespaces are permitted) the program sees only what is
bound into `root`, no process but its own, and no network. Without them it still has its limits, an
unprivileged user if we are root, and is ended with everything that descends from it.

Run as `python -I -S jail.py LINK SPEC` it tries on this machine whether Python starts in there: see walls.py.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NoReturn

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 36, 38
NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (
    0x20000,
    0x4000000,
    0x8000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
CAPABILITIES = struct.pack("Ii", 0x20080522, 0), bytes(24)  # version 3, this process: none at all
LOCKED = {1: 1, 2: 2, 4: 4, 8: 8, 1024: 1024, 2048: 2048, 4096: 1 << 21}  # statvfs flag -> mount flag

libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *args: Any) -> None:
    """A function of the C library; OSError when it says no."""
    if getattr(libc, name)(*args) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def confine(
    link: socket.socket, spec: dict[str, Any], passed: Sequence[int], program: Callable[[], object]
) -> NoReturn:
    """Run `program` in the jail, with the descriptors `passed` and the standard ones."""
    missing = leave_the_world(spec)
    link.send(json.dumps({"pid": os.getpid(), "missing": missing}).encode())
    with suppress(OSError, AttributeError):
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    first = os.fork()
    if first == 0:
        link.close()
        be_first(spec, passed, not missing, program)
    watch(first, link, passed, not missing)


def leave_the_world(spec: dict[str, Any]) -> list[str]:
    """Enter namespaces of our own; what that did not give, as sentences (empty: everything)."""
    if not spec["isolate"] or sys.platform != "linux":
        return ["namespaces are not used"]
    uid, gid = os.geteuid(), os.getegid()
    kinds = NEWNS | NEWPID | NEWNET | NEWIPC | NEWUTS
    try:
        call("unshare", kinds if uid == 0 else kinds | NEWUSER)
        if uid != 0:
            for name, text in (
                ("setgroups", "deny"),
                ("uid_map", f"{uid} {uid} 1"),
                ("gid_map", f"{gid} {gid} 1"),
            ):
                with open(f"/proc/self/{name}", "w") as file:
                    file.write(text)
    except OSError as error:
        return [f"this machine does not permit you namespaces ({error.strerror})"]
    return []


def be_first(
    spec: dict[str, Any], passed: Sequence[int], own_root: bool, program: Callable[[], object]
) -> NoReturn:
    """The first process: builds the root, starts the program, and reaps until that has ended."""
    code = 127
    try:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if own_root:
            build_root(spec)
        child = os.fork()
        if child == 0:
            become(spec, own_root, program)
        close(passed)
        while True:
            pid, status = os.wait()
            if pid == child:
                code = os.waitstatus_to_exitcode(status) % 256
                break
    except BaseException as error:
        say(error)
    os._exit(code)


def close(passed: Sequence[int]) -> None:
    """Let go of what the program has: who reads the other ends must see when it has ended."""
    for number in (*passed, 0, 1, 2):
        os.close(number)


def say(error: BaseException) -> None:
    with suppress(OSError):
        os.write(2, f"the jail cannot start the program: {error}\n".encode())


def build_root(spec: dict[str, Any]) -> None:
    """A root with nothing in it but what is bound there."""
    root = spec["root"]
    call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    call("mount", b"tmpfs", root.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, b"size=64m,mode=755")
    os.mkdir(root + "/tmp")  # noqa: S108 - the jail's own
    os.chmod(root + "/tmp", 0o1777)  # noqa: S103, S108
    for source, target, writable in spec["binds"]:
        bind(source, root + target, writable)
    os.chroot(root)
    os.chdir("/")


def bind(source: str, target: str, writable: bool) -> None:
    if os.path.islink(source):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.symlink(os.readlink(source), target)
        return
    os.makedirs(target if os.path.isdir(source) else os.path.dirname(target), exist_ok=True)
    if not os.path.isdir(source):
        os.close(os.open(target, os.O_CREAT, 0o644))
    call("mount", source.encode(), target.encode(), None, MS_BIND | MS_REC, None)
    if not writable:
        kept = sum(to for flag, to in LOCKED.items() if os.statvfs(target).f_flag & flag)
        call("mount", None, target.encode(), None, MS_REMOUNT | MS_BIND | MS_RDONLY | kept, None)


def become(spec: dict[str, Any], own_root: bool, program: Callable[[], object]) -> NoReturn:
    """In the last child: own session, limits, an unprivileged user, no capability, and the program."""
    try:
        os.setsid()
        os.chdir(spec["cwd"] if own_root else spec["outer_cwd"])
        limits = dict(spec["limits"])
        if not own_root and os.geteuid() != 0 and "NPROC" in limits:
            limits["NPROC"] += tasks_of_ours()  # the kernel counts whatever this user runs
        for name, value in limits.items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
        if os.geteuid() == 0:
            os.setgroups([])
            os.setresgid(spec["uid"], spec["uid"], spec["uid"])
            os.setresuid(spec["uid"], spec["uid"], spec["uid"])
        call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        call("capset", *CAPABILITIES)
    except BaseException as error:
        say(error)
        os._exit(127)
    code = 1
    try:
        program()
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def tasks_of_ours() -> int:
    """How many threads this user runs at this moment."""
    tasks = 0
    for name in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else ()):
        with suppress(OSError):
            if os.stat(f"/proc/{name}").st_uid == os.geteuid():
                tasks += len(os.listdir(f"/proc/{name}/task"))
    return tasks


def watch(first: int, link: socket.socket, passed: Sequence[int], own_root: bool) -> NoReturn:
    """Wait until the first process has ended or nobody holds the other end of `link`; end what is left."""
    close(passed)
    ended = os.pidfd_open(first)
    select.select([ended, link.fileno()], [], [])
    if not select.select([ended], [], [], 0)[0]:
        kill(first)  # with a process namespace, the kernel ends everything in it
    code = os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])
    while not own_root and (left := below(os.getpid())):
        for pid in left:
            kill(pid)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    with suppress(OSError):
        link.send(json.dumps({"code": code % 256}).encode())
    os._exit(0)


def kill(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def below(top: int) -> list[int]:
    """Everything that descends from the process `top`. A jail adopts the orphans of its program."""
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else ()):
        with suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
            parents[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
    family = {top}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return list(family - {top})


def start_python() -> None:
    os.execv(sys.executable, [sys.executable, "-c", "pass"])


if __name__ == "__main__":
    confine(socket.socket(fileno=int(sys.argv[1])), json.loads(sys.argv[2]), [], start_python)
