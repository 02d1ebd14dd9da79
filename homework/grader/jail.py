# os and ctypes are enough here, and start quickest.
# ruff: noqa: S606
"""The jail: becomes a place that a program cannot leave, runs the program there, and ends all it started.

Run as `python -I -S jail.py LIFE REPORT SPEC`. LIFE is a descriptor: when its other end closes, everything
ends. On REPORT the jail says what this machine did not permit (a JSON list of sentences). SPEC is JSON: argv,
env, cwd, uid, limits, root, binds ([source, target, writable]), pass (descriptors).

With namespaces (root, or an ordinary user where user namespaces are permitted) the program sees only what is
bound into `root`, no process but its own, and no network. Without them it still has its limits, an
unprivileged user if we are root, and is ended with everything that descends from it.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import select
import signal
import sys
from contextlib import suppress
from typing import Any

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
LOCKED = {1: 1, 2: 2, 4: 4, 8: 8, 1024: 1024, 2048: 2048, 4096: 1 << 21}  # statvfs flag -> mount flag

libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *args: Any) -> None:
    """A function of the C library; OSError when it says no."""
    if getattr(libc, name)(*args) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def main() -> None:
    life, report, spec = int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
    missing = leave_the_world(spec)
    os.write(report, json.dumps(missing).encode() + b"\n")
    os.close(report)
    with suppress(OSError, AttributeError):
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    own_root = not missing
    first = os.fork()
    if first == 0:
        os.close(life)
        be_first(spec, own_root)
    watch(first, life, own_root)


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


def be_first(spec: dict[str, Any], own_root: bool) -> None:
    """The first process: builds the root, starts the program, and reaps until that has ended."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if own_root:
        build_root(spec)
    program = os.fork()
    if program == 0:
        become(spec, own_root)
    for number in (*spec["pass"], 0, 1, 2):
        os.close(number)  # who reads the other ends must see when the program has ended
    while True:
        pid, status = os.wait()
        if pid == program:
            os._exit(os.waitstatus_to_exitcode(status) % 256)


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


def become(spec: dict[str, Any], own_root: bool) -> None:
    """In the last child: own session, limits, an unprivileged user, and the program. Never returns."""
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
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        for number in spec["pass"]:
            os.set_inheritable(number, True)
        os.execve(spec["argv"][0], spec["argv"], spec["env"])
    except BaseException as error:
        os.write(2, f"the jail cannot start the program: {error}\n".encode())
    os._exit(127)


def tasks_of_ours() -> int:
    """How many threads this user runs at this moment."""
    tasks = 0
    for name in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else ()):
        with suppress(OSError):
            if os.stat(f"/proc/{name}").st_uid == os.geteuid():
                tasks += len(os.listdir(f"/proc/{name}/task"))
    return tasks


def watch(first: int, life: int, own_root: bool) -> None:
    """Wait until the first process has ended or nobody holds the other end of `life`; end what is left."""
    for number in json.loads(sys.argv[3])["pass"]:
        os.close(number)
    ended = os.pidfd_open(first)
    select.select([ended, life], [], [])
    if not select.select([ended], [], [], 0)[0]:
        kill(first)  # with a process namespace, the kernel ends everything in it
    code = os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])
    while not own_root and (left := descendants()):
        for pid in left:
            kill(pid)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    os._exit(code % 256)


def kill(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def descendants() -> list[int]:
    """Everything below us, orphans included: we adopt them."""
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else ()):
        with suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
            parents[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
    family = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return list(family - {os.getpid()})


if __name__ == "__main__":
    main()
