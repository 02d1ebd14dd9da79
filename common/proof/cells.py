"""Runs the proofs of the grid's cells (tests/guarantees), and tells what each showed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.lab.lab import SERVERS
from common.lab.places import ROOT


@dataclass(frozen=True)
class Cell:
    """What one cell showed: ✔ kept, ✘ broken, ! not decided. `passed`: exactly as declared."""

    guarantee: str
    stage: str
    mark: str
    evidence: str
    passed: bool
    seconds: float


@dataclass(frozen=True)
class Proof:
    """One run of the proofs. `exit_code` is 0 only if every cell is as declared."""

    seed: int
    exit_code: int
    seconds: float
    cells: tuple[Cell, ...]

    def at(self, guarantee: str, stage: str) -> Cell | None:
        found = [cell for cell in self.cells if (cell.guarantee, cell.stage) == (guarantee, stage)]
        return found[0] if found else None


def prove(seed: int, *arguments: str, quiet: bool = False) -> Proof:
    """Run the cells in two processes, each with servers of its own. `arguments` go to pytest.

    On servers that came from the environment in one process: cells side by side would share a queue.
    """
    shared = any(os.environ.get(kind.KIND.variable) for kind in SERVERS.values())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cells.json"
        command = [sys.executable, "-m", "pytest", "-q", "-n", "0" if shared else "2", "--dist", "worksteal"]
        command += ["-k", "test_cell", "--seed", str(seed), "--cells-json", str(file)]
        command += arguments or ["tests/guarantees"]
        began = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=quiet, text=True)
        cells = json.loads(file.read_text()) if file.exists() else []
    if quiet and done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
    seconds = round(time.monotonic() - began, 1)
    return Proof(seed, done.returncode, seconds, tuple(map(_read, cells)))


def _read(written: dict[str, Any]) -> Cell:
    guarantee, stage, mark, evidence = written["cell"]
    return Cell(guarantee, stage, mark, evidence, written["passed"], written["seconds"])
