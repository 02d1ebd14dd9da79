"""What the edge of s04 costs and saves. No proof: figures, for the machine they were taken on.

    .venv/bin/python -m tests.measurements.s04_static_edge docs/results/s04_static_edge.json

Asks the shell, and the same file from an nginx that does nothing else, in turns, by wrk on the same machine:
only their ratio within one run means something. Then reads the state of a sale 10,000 times, and has the app
count how many of the reads it saw. Takes about half a minute, on loopback only.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

from common.bench.subjects import serve_file
from common.bench.wrk import CONNECTIONS, load
from common.circumstances import circumstances
from common.lab import Lab, resolve
from common.lab.sockets import free_port
from common.running import Running, run_stage
from common.stages import find
from tests.edge import ask, reads_at_the_app, state_url

ROUNDS, SECONDS, READS = 7, 2, 10_000
COMMAND = (
    "python -m tests.measurements.s04_static_edge; "
    f"wrk, {CONNECTIONS} connections, {SECONDS} s, {ROUNDS} rounds in turns"
)


def main(file: Path) -> None:
    with Lab(say=print) as lab:
        running = run_stage(lab, find("s04"), buyers=10, port=free_port())
        files = lab.folder / f"edge-{running.url.rpartition(':')[2]}" / "static/plain"
        plain = serve_file(lab, free_port(), files, "/shell/sale.en.html").url
        shell = f"{running.url}/sales/1"
        assert ask(plain).body == ask(shell).body
        rounds = [
            {"plain": requests_per_second(lab, plain), "shell": requests_per_second(lab, shell)}
            for _ in range(ROUNDS)
        ]
        figures = {
            "shell_to_plain_file": round(median(each["shell"] / each["plain"] for each in rounds), 3),
            "rounds": rounds,
            "shell_bytes": len(ask(shell).body),
            "state": state_reads(running),
        }
    about = {**circumstances(COMMAND), "nginx": str(resolve("nginx"))}
    file.write_text(json.dumps({**about, **figures}, indent=1) + "\n")
    print(file.read_text())


def requests_per_second(lab: Lab, url: str) -> float:
    answered = load(lab, resolve("wrk"), url, SECONDS)
    return answered.requests / answered.seconds


def state_reads(running: Running) -> dict[str, Any]:
    state = state_url(running)
    before, began = reads_at_the_app(running), time.monotonic()
    read: Callable[[int], int] = lambda _: ask(state).status  # noqa: E731
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(read, range(READS))) == {200}
    seconds = time.monotonic() - began
    reached = reads_at_the_app(running) - before
    return {"reads": READS, "seconds": round(seconds, 2), "reached_the_app": reached}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
