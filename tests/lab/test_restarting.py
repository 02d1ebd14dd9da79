"""A command that is kept running: back after any end, gone after TERM."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from common.lab import Lab
from common.lab.restarting import kept_running
from tests.lab.conftest import alive, wait_until

SAY_WHO = """
import os, sys, time
with open(sys.argv[1], "a") as file:
    file.write(f"{os.getpid()}\\n")
time.sleep(600)
"""


def test_who_is_killed_is_started_again_and_term_ends_it_for_good(tmp_path: Path) -> None:
    note = tmp_path / "pids"

    def pids() -> list[int]:
        return [int(line) for line in note.read_text().split()] if note.exists() else []

    with Lab(()) as lab:
        argv = kept_running([sys.executable, "-c", SAY_WHO, note])
        keeping = lab.start_process("kept", argv, ready=lambda: len(pids()) == 1)
        os.kill(pids()[0], signal.SIGKILL)
        wait_until(lambda: len(pids()) == 2, "another one runs")
        assert not alive(pids()[0])
        keeping.stop()
        assert keeping.returncode == 0, "it did as TERM said, and had not to be killed"
        assert not alive(pids()[1])
        assert len(pids()) == 2
