"""Run a command again whenever it ends: what systemd or a container does for a worker in production.

RQ's worker ends itself when Redis goes away in the middle of a job, and whoever kills one wants another.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

PAUSE = 1.0  # seconds before the next start, so that a command that cannot start does not spin


def kept_running(argv: Sequence[str | Path]) -> list[str]:
    """The command that keeps `argv` running until TERM, which is passed on."""
    return [os.fspath(word) for word in (sys.executable, "-I", "-S", __file__, *argv)]


def keep_running(argv: Sequence[str]) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    while True:
        # A TERM that fell between the child's start and our `try` would leave it running.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        child = subprocess.Popen(argv, preexec_fn=let_term_through)  # noqa: PLW1509 - there are no threads
        try:
            let_term_through()
            child.wait()
        finally:
            child.terminate()  # does nothing to one that has ended
            child.wait()
        time.sleep(PAUSE)


def let_term_through() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


if __name__ == "__main__":
    keep_running(sys.argv[1:])
