"""A command in a process of its own, as a shell would start it, and what it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from common.lab import keeper
from common.lab.places import ROOT

NOT_INHERITED = ("MYSQL_URL", "REDIS_URL", "SECKILL_LAB", "SECRET_KEY", "SECKILL_WITH", "SECKILL_TRACEBACK")
WITHIN = 100.0  # seconds; an idle machine needs five


def wait_until(condition: Callable[[], bool], what: Callable[[], str]) -> None:
    deadline = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < deadline, f"not within {WITHIN:.0f} s: {what()}"
        time.sleep(0.01)


def clean_environment(**more: str) -> dict[str, str]:
    """Ours, without what names servers or belongs to pytest."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    return {name: value for name, value in kept.items() if not name.startswith("PYTEST")} | more


class Command:
    """One running `./seckill` command. Its output goes to a file, so it has no terminal."""

    def __init__(self, words: tuple[str, ...], output: Path, **env: str) -> None:
        self._output = output
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "common.cli", *words],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd=output.parent,
                env=clean_environment(PYTHONPATH=str(ROOT), **env),
                start_new_session=True,
                # Tests may run in the background of a shell, and it makes what runs there ignore Ctrl-C.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
            )

    @property
    def output(self) -> str:
        return self._output.read_text(errors="replace")

    def wait_for(self, text: str) -> str:
        """Wait until it has written `text`; all that it has written so far."""
        wait_until(lambda: text in self.output or self.process.poll() is not None, lambda: self.output)
        assert text in self.output, f"it ended with {self.process.returncode}: {self.output}"
        return self.output

    def wait(self) -> int:
        """Wait for its end; the exit code."""
        return self.process.wait(WITHIN)

    def belongings(self) -> tuple[set[int], set[Path]]:
        """The processes below it, and the folders of their runs."""
        family = {self.process.pid} | below(self.process.pid)
        return family, set(filter(None, map(run_folder, family)))

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def below(root: int) -> set[int]:
    """The processes that descend from one."""
    parents = {pid: parent for pid, (parent, _session) in keeper.processes().items()}
    family = {root}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return family - {root}


def run_folder(pid: int) -> Path | None:
    """The folder that a keeper removes at the end: its last argument."""
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if os.fsencode(keeper.__file__) in words:
            return Path(os.fsdecode(words[-2]))
    return None


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Callable[..., Command]]:
    """`command("demo", "--seed", "3", NO_COLOR="1")` starts it; what still runs at the end is killed."""
    begun: list[Command] = []

    def begin(*words: str, **env: str) -> Command:
        begun.append(Command(words, tmp_path / f"output-{len(begun)}.txt", **env))
        return begun[-1]

    yield begin
    for each in begun:
        each.close()
