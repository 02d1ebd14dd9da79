"""Where the lab keeps its files: lasting ones in `.lab/`, those of a run in a folder that ends with it."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from common.lab import sockets
from common.lab.errors import LabError
from common.lab.keeper import sweep

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".lab"
TEMPORARY, MEMORY = Path("/tmp"), Path("/dev/shm")  # noqa: S108 - open to all: `private_below` looks who owns what
ROOM = 1 << 30  # bytes; MariaDB and Redis take a fifth of that

Say = Callable[[str], None]


def release() -> str:
    """The system and its release, for example "debian-12" or "ubuntu-24.04"; elsewhere the kernel's name."""
    try:
        about = platform.freedesktop_os_release()
    except OSError:
        return platform.system().lower()
    return f"{about['ID']}-{about.get('VERSION_ID', 'unstable')}"


@contextmanager
def locked(path: Path, wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold an exclusive lock on `path` (made if missing). Meanwhile `wait` is called, five times a second.

    Keeps out other processes and other threads; the lock ends with the process that holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if wait:
                    wait()
                time.sleep(0.2 if wait else 0.005)
        yield


def publish(work: Path, target: Path) -> None:
    """Move a finished folder to its lasting name, so that it is there as a whole or not at all."""
    new = target.with_name(f"{target.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.move(work, new)  # copies when `work` is on another file system; the rename below never does
    new.rename(target)


def new_run(base: Path | None = None) -> tuple[Path, int]:
    """A new private folder and the descriptor of the lock that says it is in use.

    First removes the folders of runs that ended without their keeper (a crash): nobody holds their lock.
    """
    base = base or runs_base()
    with locked(base / "sweep.lock"):
        for old in base.glob("run-*"):
            remove_if_abandoned(old)
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=base))
        lock = os.open(folder / "in-use", os.O_WRONLY | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
    return folder, lock


def folders_in_use() -> list[Path]:
    """The folders of the runs that have not ended: somebody holds their lock."""
    return [folder for folder in sorted(runs_base().glob("run-*")) if is_in_use(folder)]


def is_in_use(folder: Path) -> bool:
    try:
        with (folder / "in-use").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass  # being removed at this moment, or another user's
    return False


def remove_if_abandoned(folder: Path) -> None:
    try:
        lock = os.open(folder / "in-use", os.O_WRONLY | os.O_CREAT, 0o600)
    except OSError:
        return  # being removed at this moment, or another user's
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    finally:
        os.close(lock)
    sweep(str(folder))
    shutil.rmtree(folder, ignore_errors=True)


def runs_base() -> Path:
    """`.lab/runs`, or a folder in /tmp where unix sockets do not work here or their path is too long."""
    base = HOME / "runs"
    base.mkdir(parents=True, exist_ok=True)
    return base if sockets.usable_below(base) else private_below(TEMPORARY)


def in_memory() -> Path | None:
    """For runs that are to wait for no disk, as nobody needs their data later. None when there is no room."""
    try:
        room = os.statvfs(MEMORY)
    except OSError:
        return None
    return private_below(MEMORY) if room.f_bavail * room.f_frsize >= ROOM else None


def private_below(parent: Path) -> Path:
    """seckill-UID in `parent`: ours, and closed to others."""
    base = parent / f"seckill-{os.getuid()}"
    base.mkdir(mode=0o700, exist_ok=True)
    status = base.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077 or base.is_symlink():
        raise LabError(f"{base} belongs to somebody else or is open to others; remove it and run again.")
    return base
