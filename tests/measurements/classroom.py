"""What one student's stage takes of a machine. No proof: figures, for docs/{en,zh}/teaching/index.md.

    .venv/bin/python -m tests.measurements.classroom docs/results/classroom.json

Runs stages one after the other as `./seckill up` does, asks the shop a few hundred times, and adds up what
their processes hold in memory (PSS: what is shared counts once) and on disk. Grades one solution. Then it
weighs the archive of `./seckill lab pack`, if one is given as the second argument.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from common.circumstances import circumstances
from common.lab import Lab, resolve
from common.lab.places import ROOT
from common.lab.sockets import free_port
from common.running import run_stage
from common.stages import find, newest

READS = 300
HOMEWORK = "hw02_swap"
SUBMISSION = "seckill-20260001-lin"


def main(file: Path, archive: Path | None) -> None:
    stages = dict.fromkeys(["s01", "s05", newest().code])
    figures = {
        **circumstances("python -m tests.measurements.classroom"),
        "servers": [str(resolve(name)) for name in ("mysql", "redis", "nginx")],
        "one_stage_running": {code: running_stage(code) for code in stages},
        "grading": {HOMEWORK: grading_seconds()},
        "archive_bytes": archive.stat().st_size if archive else None,
    }
    file.write_text(json.dumps(figures, indent=1) + "\n")
    print(file.read_text())


def running_stage(code: str) -> dict[str, float]:
    """Megabytes in memory and on disk, and the number of processes, after some reads."""
    with Lab(say=print) as lab:
        running = run_stage(lab, find(code), port=free_port(), buyers=1000)
        for _ in range(READS):
            with urlopen(f"{running.url}/api/sales", timeout=10) as answer:
                answer.read()
        held = [pss(pid) for pid in descendants(os.getpid())]
        disk = sum(each.stat().st_blocks * 512 for each in lab.folder.rglob("*") if each.is_file())
    return {"processes": len(held), "memory_mb": round(sum(held) / 1e6), "disk_mb": round(disk / 1e6)}


def descendants(pid: int) -> Iterator[int]:
    """The processes below `pid`, and those that a supervisor of the lab adopted."""
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield int(child)
        yield from descendants(int(child))


def pss(pid: int) -> int:
    """Bytes that the process holds; of a page shared by n processes, one n-th."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def grading_seconds() -> float:
    """Seconds for `./seckill grade` of one right solution of one homework, servers' start included."""
    with tempfile.TemporaryDirectory() as name:
        handed_in = Path(name) / "handed-in" / SUBMISSION / HOMEWORK[:4]
        shutil.copytree(ROOT / "homework" / HOMEWORK / "solution", handed_in)
        argv = [sys.executable, "-m", "common.cli", "grade", str(handed_in.parent.parent)]
        started = time.monotonic()
        subprocess.run(
            [*argv, "--homework", HOMEWORK[2:4], "--to", f"{name}/results", "--quiet"], cwd=ROOT, check=True
        )
        result: dict[str, Any] = json.loads(next(Path(name, "results").rglob("result.json")).read_text())
        assert result["points"] == result["of"] > 0, "a solution that is not right measures nothing"
        return round(time.monotonic() - started, 1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
