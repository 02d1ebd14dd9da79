"""`./seckill grid`"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from common.circumstances import circumstances
from common.proof.cells import Proof

if TYPE_CHECKING:
    from rich.table import Table

FILE = click.Path(dir_okay=False, writable=True, path_type=Path)
OTHERS = {"graders"}  # what else a file may hold: see homework/grader/repeat.py


@click.command()
@click.option("--all", "everything", is_flag=True, help="Every cell, not only those around each change.")
@click.option("--seed", default=1, show_default=True, help="For whatever a proof draws at random.")
@click.option("--repeat", default=1, show_default=True, type=click.IntRange(1, 1000), help="How many seeds.")
@click.option("--write", is_flag=True, help="Also write the declared grid into README.md.")
@click.option("--json", "file", type=FILE, help="Write date, machine, command and outcome.")
def grid(everything: bool, seed: int, repeat: int, write: bool, file: Path | None) -> int:
    """Prove which stage keeps which guarantee.

    A stage that is declared to keep a guarantee must be shown to keep it, and one that is declared to break
    it must be shown to break it: both ✔ and ✘ are proofs. Fails unless every cell is exactly as declared.

    \b
    ./seckill grid
    ./seckill grid --all --repeat 20 --json docs/results/soak.json
    """
    from common.cli.console import new_console
    from common.lab.places import ROOT
    from common.proof import cells
    from common.proof.grid import rows, written_into

    if write:
        readme = ROOT / "README.md"
        readme.write_text(written_into(readme.read_text(), rows()))
    console = new_console()
    proofs = []
    for number in range(seed, seed + repeat):
        console.print(f"seed {number}")
        proofs.append(cells.prove(number, "tests/guarantees", *(["--all-cells"] if everything else [])))
        if file:
            write_down(proofs, file)
        if proofs[-1].exit_code:
            break
    console.print(draw(proofs[-1]))
    return proofs[-1].exit_code


def draw(proof: Proof) -> Table:
    """The grid for a terminal. What this run proved is in colour; a cell that failed is `!`."""
    from rich.table import Table

    from common.proof.grid import rows
    from common.stages import all_stages

    table = Table("guarantee", *(stage.code for stage in all_stages()))
    for row in rows():
        marks = []
        for stage, mark in zip(all_stages(), row.marks, strict=True):
            cell = proof.at(row.guarantee, stage.code)
            style = "dim" if cell is None else "green" if mark == "✔" else "red"
            marks.append("[bold red]![/]" if cell and not cell.passed else f"[{style}]{mark}[/]")
        table.add_row(row.guarantee, *marks)
    return table


def write_down(proofs: Sequence[Proof], file: Path) -> None:
    """After each run: an hour of proofs that somebody ends early is not lost."""
    kept = dict(json.loads(file.read_text())) if file.exists() else {}
    others = {name: value for name, value in kept.items() if name in OTHERS}
    file.write_text(json.dumps(account(proofs) | others, ensure_ascii=False, indent=1) + "\n")


def account(proofs: Sequence[Proof]) -> dict[str, Any]:
    """What a reader needs to do it again, and what came out."""
    return {
        **circumstances(" ".join(["./seckill", *sys.argv[1:]])),
        "python": platform.python_version(),
        "exact_runs": sum(proof.exit_code == 0 for proof in proofs),
        "runs": [
            {"seed": proof.seed, "exit_code": proof.exit_code, "seconds": proof.seconds} for proof in proofs
        ],
        "cells": sorted(map(asdict, proofs[-1].cells), key=lambda cell: (cell["guarantee"], cell["stage"])),
    }
