"""`./seckill grid`"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click


@click.command()
@click.option("--all", "everything", is_flag=True, help="Every cell, not only those around each change.")
@click.option("--seed", default=1, show_default=True, help="For whatever a proof draws at random.")
@click.option(
    "--repeat", default=1, show_default=True, type=click.IntRange(1, 1000), help="With seeds from SEED on."
)
@click.option("--write", is_flag=True, help="Also write the declared grid into README.md.")
@click.option(
    "--json", "file", type=click.Path(path_type=Path), help="Write date, machine, command and outcome."
)
def grid(everything: bool, seed: int, repeat: int, write: bool, file: Path | None) -> int:
    """Prove the grid: which stage keeps which guarantee.

    A stage that is declared to keep a guarantee must be shown to keep it, and one that is declared to break
    it must be shown to break it: both ✔ and ✘ are proofs. Fails unless every cell is exactly as declared.

    \b
    ./seckill grid
    ./seckill grid --all --repeat 20 --json docs/results/soak.json
    """
    from common.cli.console import new_console
    from common.lab.places import ROOT
    from common.proof import grid as table

    readme = ROOT / "README.md"
    if write:
        readme.write_text(table.written_into(readme.read_text(), table.rows()))
    console = new_console()
    runs = []
    for number in range(seed, seed + repeat):
        console.print(f"seed {number}")
        runs.append(prove(number, everything))
        if runs[-1]["exit_code"]:
            break
    console.print(draw(runs[-1]["cells"]))
    if file:
        file.write_text(json.dumps(account(runs), ensure_ascii=False, indent=1) + "\n")
    return int(runs[-1]["exit_code"])


def prove(seed: int, everything: bool) -> dict[str, Any]:
    """Run the proofs of the cells once; what each showed, and how long it took."""
    from common.lab.places import ROOT

    with tempfile.NamedTemporaryFile(suffix=".json") as cells:
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", "tests/guarantees"]
        command += ["-k", "test_cell", "--seed", str(seed), "--cells-json", cells.name]
        command += ["--all-cells"] if everything else []
        began = time.monotonic()
        code = subprocess.run(command, cwd=ROOT, env=os.environ, check=False).returncode
        found = Path(cells.name).read_text()
    seconds = round(time.monotonic() - began, 1)
    return {"seed": seed, "exit_code": code, "seconds": seconds, "cells": json.loads(found or "[]")}


def draw(cells: list[dict[str, Any]]) -> Any:
    """The grid for a terminal: declared marks, those proved just now in colour, a cell that failed as `!`."""
    from rich.table import Table

    from common.proof.grid import rows
    from common.stages import all_stages

    proved = {tuple(each["cell"][:2]): each["passed"] for each in cells}
    table = Table("guarantee", *(stage.code for stage in all_stages()), title="The guarantee grid")
    for row in rows():
        marks = []
        for stage, mark in zip(all_stages(), row.marks, strict=True):
            passed = proved.get((row.guarantee, stage.code))
            colour = "green" if mark == "✔" else "red"
            marks.append("[bold red]![/]" if passed is False else f"[{colour if passed else 'dim'}]{mark}[/]")
        table.add_row(row.guarantee, *marks)
    table.caption = "in colour: proved just now, both ways"
    return table


def account(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """What a reader needs to do it again."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.platform(terse=True)}",
        "python": platform.python_version(),
        "command": " ".join(["./seckill", *sys.argv[1:]]),
        "exact_runs": sum(run["exit_code"] == 0 for run in runs),
        "runs": [{key: run[key] for key in ("seed", "exit_code", "seconds")} for run in runs],
        "cells": [
            {"guarantee": guarantee, "stage": stage, "mark": mark, "evidence": evidence}
            for guarantee, stage, mark, evidence in sorted(each["cell"] for each in runs[-1]["cells"])
        ],
    }
