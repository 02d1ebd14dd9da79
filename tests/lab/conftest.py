"""What these proofs share: a clean environment, waiting for a condition, a parent to kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from common.lab import Lab, keeper
from common.lab.places import ROOT

NAMED_SERVERS = ("MYSQL_URL", "REDIS_URL", "SECKILL_LAB")


@pytest.fixture(autouse=True)
def no_named_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMED_SERVERS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with pytest.MonkeyPatch.context() as patch:
        for name in NAMED_SERVERS:
            patch.delenv(name, raising=False)
        with Lab() as running:
            yield running


def wait_until(condition: Callable[[], bool], what: str, within: float = 15.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {within:.0f} s"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Running, and not merely waiting to be collected by a parent."""
    return pid in keeper.processes()


def hears_hang_up() -> None:
    """As in a terminal of its own, also when the tests themselves run under nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Parent:
    """Another Python that starts a Lab, reports what it started, and waits to be killed."""

    def __init__(self, script: str, folder: Path) -> None:
        env = {name: value for name, value in os.environ.items() if name not in NAMED_SERVERS}
        with (folder / "parent.err").open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-c", script],
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**env, "PYTHONPATH": str(ROOT)},
                text=True,
                start_new_session=True,  # its own "terminal": a Ctrl-C there does not reach the test
                preexec_fn=hears_hang_up,  # noqa: PLW1509 - there are no threads here
            )
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, (folder / "parent.err").read_text()
        self.report: dict[str, Any] = json.loads(line)

    def started(self) -> list[int]:
        pids = self.report["pids"]
        assert pids and all(map(alive, pids)), "the power check: there was something to end"
        return list(pids)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[Callable[[str], Parent]]:
    begun: list[Parent] = []

    def begin(script: str) -> Parent:
        begun.append(Parent(script, tmp_path))
        return begun[-1]

    yield begin
    for each in begun:
        each.close()
