"""The production server of the web layer: granian, which runs Flask (WSGI) behind an HTTP parser in Rust."""

from __future__ import annotations

import sys


def granian_argv(stage_app: str, port: int, workers: int, threads: int) -> list[str]:
    """The command that serves `stage_app` ("stages.s01_naive.app:create_app") on 127.0.0.1:`port`.

    `workers` processes answer `threads` requests each at a time; further ones wait. On TERM each worker
    finishes what it has begun, for 10 s at most. For /metrics over all workers the caller sets
    PROMETHEUS_MULTIPROC_DIR to an empty folder; WEB_THREADS should be `threads`: pools are sized by it.
    """
    return [
        *(sys.executable, "-m", "granian", stage_app, "--factory"),
        *("--interface", "wsgi", "--http", "1", "--no-ws"),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--workers", str(workers), "--blocking-threads", str(threads)),
        # Backpressure counts open connections, idle ones too: at `threads` of them eight browsers that keep
        # theirs open would shut everybody else out.
        *("--backlog", "4096", "--backpressure", "4096"),
        *("--workers-kill-timeout", "10", "--no-access-log", "--log-level", "warning"),
    ]
