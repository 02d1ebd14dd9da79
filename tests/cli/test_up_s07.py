"""`up s07`: consumers are there, the printed lines work, and a killed consumer is replaced."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import psutil

from common.lab.sockets import free_port
from tests.cli.conftest import Command
from tests.cli.test_up_and_load import line_after
from tests.cli.test_up_s06 import in_another_sale, press, shell

Start = Callable[..., Command]


def consumers_of(run: Command) -> list[int]:
    """Those that are alive, not counting who starts them again."""
    words = ["-m", "common.service", "s07", "consumer"]
    below = psutil.Process(run.process.pid).children(recursive=True)
    return [each.pid for each in below if each.cmdline()[1:] == words]


def test_the_journal_of_a_running_shop_can_be_looked_at_and_its_consumers_killed(command: Start) -> None:
    run = command("up", "s07", "--port", str(free_port()), "--buyers", "5", "--jobs", "2")
    said = run.wait_for("removes all that it made")
    assert press(line_after("Buy", said)) == "ordered"
    assert "0 entries that are not settled" in shell(said, "Journal")
    assert "common.service s07 consumer" in line_after("One more", said)

    killed = consumers_of(run)
    assert len(killed) == 2
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    assert press(in_another_sale(line_after("Buy", said))) == "ordered"
    assert not {*killed} & {*consumers_of(run)}


def test_there_is_no_dashboard_for_a_journal(command: Start) -> None:
    run = command("up", "s07", "--dashboard")
    assert run.wait() == 2
    assert "s07_journal has no RQ queue to look at" in run.output
