"""rq-dashboard beside a running stage: its queue as a page. It can delete jobs: it stays on loopback."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from common.lab import Lab, LabError
from common.lab.sockets import answers, free_port
from common.running import Running
from common.stages import Stage


def check_dashboard(stage: Stage) -> None:
    """`LabError` when there is none to start: better said before anything starts."""
    if "worker" not in stage.processes:
        raise LabError(f"{stage.name} has no RQ queue to look at: --dashboard is for s06.")
    if not find_spec("rq_dashboard"):
        raise LabError("rq-dashboard is not installed: .venv/bin/pip install -r requirements-dev.txt")


def start_dashboard(lab: Lab, running: Running) -> str:
    """Start it; its address."""
    port = free_port()
    argv = [sys.executable, "-m", "rq_dashboard", "--bind", "127.0.0.1", "--port", str(port)]
    argv += ["--redis-url", running.settings.redis_url, "--json"]
    lab.start_process("dashboard", argv, ready=answers(port, "/"))
    return f"http://127.0.0.1:{port}"
