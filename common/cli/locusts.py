"""Locust, run beside a stage and ended with it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import Progress

from common.lab import Lab, LabError, Process
from common.lab.places import ROOT
from common.lab.sockets import free_port
from common.running import Running, answers

LOCUSTFILE = ROOT / "common" / "locustfile.py"
GOODBYE = 20  # seconds that locust may take to end after its time


def attack(console: Console, lab: Lab, running: Running, *, users: int, rate: int, seconds: int) -> int:
    """Headless: wait for its end, then print its summary. 0 unless a request failed that should not."""
    locust = start(
        lab,
        running,
        *people(users, rate, seconds),
        *("--headless", "--only-summary", "--loglevel", "WARNING"),
    )
    console.print(f"\n{users} people at {running.stage.name} for {seconds} s, {rate} more each second.")
    wait(console, locust, seconds)
    console.print(locust.log.read_text(errors="replace"), markup=False, soft_wrap=True)
    return 1 if locust.returncode else 0


def attack_from_page(
    console: Console, lab: Lab, running: Running, *, users: int, rate: int, seconds: int
) -> int:
    """Locust's own page on loopback, with the numbers filled in, until Ctrl-C."""
    port = free_port()
    locust = start(
        lab,
        running,
        *people(users, rate, seconds),
        *("--web-host", "127.0.0.1", "--web-port", str(port)),
        ready=answers(port, "/"),
    )
    console.print(f"\n{running.stage.name} is at {running.url}; start the load at http://127.0.0.1:{port}")
    console.print("Ctrl-C ends both.")
    locust.wait()
    raise LabError(f"locust has ended: {locust.last_words()}")


def people(users: int, rate: int, seconds: int) -> list[str]:
    return ["--users", str(users), "--spawn-rate", str(rate), "--run-time", f"{seconds}s"]


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
