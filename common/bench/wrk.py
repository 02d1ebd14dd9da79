"""wrk, run once: a closed loop of connections, each sending its next request when it has its answer."""

from __future__ import annotations

import json
import resource
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from common.ids import new_id
from common.lab import Lab, LabError
from common.lab.program import Program

CONNECTIONS = 32
SCRIPT = Path(__file__).with_name("load.lua")


@dataclass(frozen=True)
class Answered:
    """What came back. Latency is that of a closed loop: it says nothing about a crowd's wait."""

    requests: int
    seconds: float
    refused: int
    lost: int
    p50_ms: float
    p99_ms: float
    generator_cpu: float  # processor seconds that wrk itself used


def load(lab: Lab, wrk: Program, url: str, seconds: int, tokens: Path | None = None) -> Answered:
    """Keep `CONNECTIONS` connections busy for `seconds`: GETs, or presses as the buyers of `tokens`.

    `LabError` when wrk fails or when an answer is lost: such a figure means nothing.
    """
    site, file = urlsplit(url), lab.folder / "wrk.json"
    argv = [wrk.path, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "-s", SCRIPT]
    argv += [
        f"{site.scheme}://{site.netloc}",
        "--",
        file,
        site.path or "/",
        *([tokens, new_id()] if tokens else []),
    ]
    before = children_cpu()
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env=wrk.env(), timeout=seconds + 60
    )
    if done.returncode:
        raise LabError(f"wrk failed: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")
    answered = Answered(**json.loads(file.read_text()), generator_cpu=children_cpu() - before)
    if answered.lost:
        raise LabError(f"{url}: {answered.lost} of {answered.requests} requests got no answer")
    return answered


def children_cpu() -> float:
    """Processor seconds of this process's children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
