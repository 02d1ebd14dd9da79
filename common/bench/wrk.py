"""wrk, run once: a closed loop of connections, each sending its next request when it has its answer."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL
from urllib.parse import urlsplit
from urllib.request import urlopen

from common.ids import new_id
from common.lab import Lab, LabError
from common.lab.program import Program

CONNECTIONS = 32
FEW = 2  # connections where every press has to be taken: a shop that sheds (s10) sends more at once away
SLOWEST = 100  # presses a second
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
    figures = lab.folder / "wrk.json"
    words: list[str | Path] = [figures, path_of(url)]
    words += [tokens, new_id()] if tokens else []
    words += ["", "", "door"] if tokens and has_door(url) else []
    before = children_cpu()
    done = subprocess.run(
        [*command(wrk, url, seconds, CONNECTIONS), *words],
        capture_output=True,
        text=True,
        check=False,
        env=wrk.env(),
        timeout=seconds + 60,
    )
    if done.returncode:
        raise LabError(f"wrk failed: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")
    answered = Answered(**json.loads(figures.read_text()), generator_cpu=children_cpu() - before)
    if answered.lost:
        raise LabError(f"{url}: {answered.lost} of {answered.requests} requests got no answer")
    return answered


def press_once_each(lab: Lab, wrk: Program, url: str, tokens: Path, presses: int) -> float:
    """The first `presses` buyers of `tokens` press once each, two at a time; the seconds it took.

    `LabError` when that goes slower than `SLOWEST`.
    """
    patience = 10 + presses // SLOWEST
    mark = lab.folder / "all-pressed"
    mark.unlink(missing_ok=True)
    words: list[str | Path] = [lab.folder / "wrk.json", path_of(url), tokens, new_id(), str(presses), mark]
    words += ["door"] if has_door(url) else []
    began = time.monotonic()
    argv = [*command(wrk, url, patience, FEW), *words]
    with subprocess.Popen(argv, stdout=DEVNULL, env=wrk.env()) as process:
        while process.poll() is None and not mark.exists():
            time.sleep(0.01)
        took = time.monotonic() - began
        process.send_signal(signal.SIGINT)  # it would go on until its time is up
    if not mark.exists():
        raise LabError(f"{presses} presses were not answered within {patience} s")
    return took


def has_door(url: str) -> bool:
    """Whether one needs a permit to press at `url`."""
    with urlopen(url.removesuffix("/orders"), timeout=10) as answer:  # noqa: S310 - our own address
        return json.load(answer)["entry"] is not None


def command(wrk: Program, url: str, seconds: int, connections: int) -> list[str | Path]:
    site = urlsplit(url)
    loop = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
    return [wrk.path, *loop, "-s", SCRIPT, f"{site.scheme}://{site.netloc}", "--"]


def path_of(url: str) -> str:
    return urlsplit(url).path or "/"


def children_cpu() -> float:
    """Processor seconds of this process's children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
