"""The production server of the web layer: granian, which runs Flask (WSGI) behind an HTTP parser in Rust.

Why granian: in one run on two cores it answered /healthz 2.0 to 2.4 times and a sale 1.4 to 1.5 times as
often as gunicorn with 1, 2 or 4 threads a process: docs/results/web_server.json, which
tests/measurements/web_server.py takes again.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def granian_argv(stage_app: str, address: int | Path, workers: int, threads: int) -> list[str]:
    """The command that serves `stage_app` ("stages.s01_naive.app:create_app") at `address`.

    That is a port on 127.0.0.1, or a unix socket: then only who may reach the file can connect.

    `workers` processes answer `threads` requests each at a time; further ones wait. On TERM each worker
    finishes what it has begun, for 10 s at most. For /metrics over all workers the caller sets
    PROMETHEUS_MULTIPROC_DIR to an empty folder; WEB_THREADS should be `threads`: pools are sized by it.
    """
    return [
        *(sys.executable, "-m", "granian", stage_app, "--factory"),
        *("--interface", "wsgi", "--http", "1", "--no-ws"),
        *listening_at(address),
        *("--workers", str(workers), "--blocking-threads", str(threads)),
        # Backpressure counts open connections, idle ones too: at `threads` of them eight browsers that keep
        # theirs open would shut everybody else out.
        *("--backlog", "4096", "--backpressure", "4096"),
        *("--workers-kill-timeout", "10", "--no-access-log", "--log-level", "warning"),
    ]


def events_argv(address: Path) -> list[str]:
    """The command that serves the open streams of a stage (common.events; STAGE names it) at `address`.

    One process: a stream that waits costs nearly nothing. On TERM its streams are cut after a second, and
    their readers come back.
    """
    return [
        *(sys.executable, "-m", "granian", "common.events:create_app", "--factory"),
        *("--interface", "asginl", "--http", "1", "--no-ws"),
        *listening_at(address),
        *("--workers", "1", "--backlog", "4096", "--backpressure", "8192"),
        *("--workers-kill-timeout", "1", "--no-access-log", "--log-level", "warning"),
    ]


def listening_at(address: int | Path) -> list[str]:
    if isinstance(address, Path):
        return ["--uds", os.fspath(address), "--uds-permissions", "0600"]
    return ["--host", "127.0.0.1", "--port", str(address)]
