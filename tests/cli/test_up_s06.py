"""`up s06`: workers and events are there, the printed lines work, and a killed worker comes back."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from sys import executable

import pytest

from common.lab.places import ROOT
from common.lab.sockets import free_port
from tests.cli.conftest import Command, clean_environment, wait_until
from tests.cli.test_up_and_load import line_after

Start = Callable[..., Command]


def ask(url: str, headers: dict[str, str], body: bytes | None = None) -> tuple[int, dict[str, str]]:
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10) as answer:
        return answer.status, dict(json.load(answer))


def press(line: str) -> str:
    """Do what the printed curl line does, and follow the ticket; how it ends."""
    words = shlex.split(line)
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    status, ticket = ask(words[2], headers, words[words.index("-d") + 1].encode())
    assert status == 202
    address = f"{words[2].partition('/api/')[0]}/api/tickets/{ticket['id']}"
    wait_until(lambda: ask(address, headers)[1]["state"] in {"ordered", "refused"}, lambda: "it does not end")
    return ask(address, headers)[1]["state"]


def shell(said: str, label: str, *more: str) -> str:
    """Run a printed line beside the shop, as a reader would: after the `export`, with `rq` on the PATH."""
    exports = dict(word.split("=", 1) for word in shlex.split(line_after("Beside it", said))[1:])
    path = f"{Path(executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [*shlex.split(line_after(label, said)), *more],
        env=clean_environment(**exports, PATH=path),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout + done.stderr


def test_the_queue_of_a_running_shop_can_be_worked_looked_at_and_broken(command: Start) -> None:
    run = command("up", "s06", "--port", str(free_port()), "--buyers", "5", "--jobs", "2")
    said = run.wait_for("removes all that it made")
    assert press(line_after("Buy", said)) == "ordered"

    queue = shell(said, "Queue")
    assert "s06:orders" in queue
    assert "2 workers, 1 queues" in queue
    assert "Successfully" not in shell(said, "One more", "--burst", "--max-jobs", "1")

    workers = set(map(int, re.findall(r" (\d+)\): ", queue)))
    assert len(workers) == 2
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    assert press(in_another_sale(line_after("Buy", said))) == "ordered"


def in_another_sale(line: str) -> str:
    """The buyer already has what the first one allows."""
    return re.sub(r"/api/sales/\d+/", "/api/sales/5/", line)


def test_a_stage_without_a_queue_has_no_dashboard_to_show(command: Start) -> None:
    run = command("up", "s05", "--dashboard")
    assert run.wait() == 2
    assert "s05_redis_stock has no RQ queue to look at" in run.output


@pytest.mark.slow
def test_the_dashboard_shows_the_queue_and_its_workers(command: Start) -> None:
    pytest.importorskip("rq_dashboard", reason="it is in requirements-dev.txt")
    run = command("up", "s06", "--port", str(free_port()), "--buyers", "5", "--dashboard")
    said = run.wait_for("removes all that it made")
    assert press(line_after("Buy", said)) == "ordered"
    address = line_after("Dashboard", said)
    assert address.startswith("http://127.0.0.1:")
    assert [each["name"] for each in ask(f"{address}/0/data/queues.json", {})[1]["queues"]] == ["s06:orders"]
    assert len(ask(f"{address}/0/data/workers.json", {})[1]["workers"]) == 1
