"""Locust, run beside a stage and ended with it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.progress import Progress

from common.lab import Lab, LabError, Process
from common.lab.places import ROOT
from common.lab.sockets import answers, free_port
from common.running import Running

LOCUSTFILE = ROOT / "common" / "locustfile.py"
GOODBYE = 20  # seconds that locust may take to end after its time


@dataclass(frozen=True)
class People:
    """How many at once, how many more arrive each second, and for how many seconds."""

    users: int
    rate: int
    seconds: int

    @property
    def options(self) -> list[str]:
        return [
            *("--users", str(self.users), "--spawn-rate", str(self.rate)),
            *("--run-time", f"{self.seconds}s"),
        ]


def attack(console: Console, lab: Lab, running: Running, people: People, processes: int) -> int:
    """Headless: wait for its end, then print its summary. 0 unless a request failed that should not."""
    options = [*people.options, *together(processes)]
    locust = start(lab, running, *options, "--headless", "--only-summary", "--loglevel", "WARNING")
    console.print(
        f"\n{people.users} people at {running.stage.name} for {people.seconds} s,"
        f" {people.rate} more each second."
    )
    wait(console, locust, people.seconds)
    console.print(locust.log.read_text(errors="replace"), markup=False, soft_wrap=True)
    return 1 if locust.returncode else 0


def attack_from_page(console: Console, lab: Lab, running: Running, people: People, processes: int) -> int:
    """Locust's own page on loopback, with the numbers filled in, until Ctrl-C."""
    port = free_port()
    options = [*people.options, *together(processes), "--web-host", "127.0.0.1", "--web-port", str(port)]
    locust = start(lab, running, *options, ready=answers(port, "/"))
    console.print(f"\n{running.stage.name} is at {running.url}; start the load at http://127.0.0.1:{port}")
    console.print("Ctrl-C ends both.")
    locust.wait()
    raise LabError(f"locust has ended: {locust.last_words()}")


def together(processes: int) -> list[str]:
    """Options with which one locust leads `processes` others, on loopback only. None for a single one."""
    if processes == 1:
        return []
    port = str(free_port())
    leader = ["--master-bind-host", "127.0.0.1", "--master-bind-port", port]
    return ["--processes", str(processes), *leader, "--master-port", port]


def start(lab: Lab, running: Running, *arguments: str, ready: Callable[[], bool] | None = None) -> Process:
    argv = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--host", running.url, *arguments]
    return lab.start_process("locust", argv, env={"SECRET_KEY": running.settings.secret_key}, ready=ready)


def wait(console: Console, locust: Process, seconds: int) -> None:
    """Wait for its end, with a bar on a terminal. `LabError` when it does not end in time."""
    begin = time.monotonic()
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("locust", total=seconds)
        while locust.wait(timeout=0.25) is None:
            passed = time.monotonic() - begin
            progress.update(task, completed=passed)
            if passed > seconds + GOODBYE:
                raise LabError(f"locust did not end in time: {locust.last_words()}")
