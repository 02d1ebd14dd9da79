"""What was measured, as a table for the terminal and as the raw file that every quoted figure comes from."""

from __future__ import annotations

import json
import platform
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from common.bench import run
from common.bench.figures import Figure, boil_down
from common.bench.growth import Size
from common.bench.peaks import Bench, Peak
from common.bench.subjects import Shop, Subject
from common.bench.wrk import CONNECTIONS
from common.circumstances import circumstances
from common.lab import resolve
from common.running import WEB_PROCESSES, WEB_THREADS

PACKAGES = ("flask", "granian", "redis", "hiredis", "pymysql", "rq")


@dataclass(frozen=True)
class Measured:
    """Everything one run found out."""

    about: dict[str, Any]
    rounds: list[list[Peak]]
    spikes: dict[str, dict[str, Any]]
    round_trips: dict[str, dict[str, Any]]

    @property
    def figures(self) -> list[Figure]:
        return boil_down(self.rounds)


def measure_all(
    console: Console, plan: run.Plan, bench: Bench, references: Sequence[Subject], shops: Sequence[Shop]
) -> Measured:
    """Rounds of peaks, each subject in its turn; then a spike at each shop; then what can be counted."""
    about = {**about_run(bench), **conditions(plan)}
    columns = (TextColumn("{task.description:<40}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    subjects = [*references, *shops]
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=(plan.rounds * len(subjects)) + len(shops))

        def on(what: str) -> None:
            progress.update(task, description=what)
            if not console.is_terminal:
                console.print(what)

        rounds = []
        for nth in range(1, plan.rounds + 1):
            peaks: list[Peak] = []
            for subject in subjects:
                on(f"round {nth} of {plan.rounds}: {subject.name}")
                peaks += run.measure(bench, subject)
                progress.advance(task)
            rounds.append(peaks)
        spikes = {}
        for shop in shops:
            on(f"spike: {shop.name}")
            spikes[shop.name] = run.spike(shop, plan.crowd)
            progress.advance(task)
    return Measured(about, rounds, spikes, {shop.name: run.round_trips(shop) for shop in shops})


def about_run(bench: Bench) -> dict[str, Any]:
    """Circumstances, and the version of everything that was measured or did the measuring."""
    return {
        **circumstances(shlex.join(["./seckill", *sys.argv[1:]])),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
            **{kind: str(resolve(kind)) for kind in ("mysql", "redis", "nginx")},
            "wrk": str(bench.wrk),
        },
        "web": f"granian, {WEB_PROCESSES} processes of {WEB_THREADS} threads",
    }


def conditions(plan: run.Plan) -> dict[str, Any]:
    """How much was measured."""
    return {
        "peaks": f"wrk, {CONNECTIONS} connections, {plan.seconds} s, {plan.rounds} rounds in turns, "
        f"{plan.buyers} buyers; the generator runs on the same machine",
        "spike": asdict(plan.crowd),
    }


def table(measured: Measured) -> Table:
    """One row for each subject and kind of load."""
    found = Table(box=box.SIMPLE_HEAD, title="peaks: medians; × is to Flask's hello in the same round")
    for name in ("subject", "kind"):
        found.add_column(name)
    for name in ("per second", "×", "lowest – highest", "p50 ms", "p99 ms", "CPU µs each", "generator"):
        found.add_column(name, justify="right")
    for each in measured.figures:
        found.add_row(
            *(each.subject, each.kind, f"{each.per_second:,}", f"{each.ratio:.2f}"),
            *(f"{each.lowest:,} – {each.highest:,}", f"{each.p50_ms:.1f}", f"{each.p99_ms:.1f}"),
            *(str(each.cpu_us), f"{each.generator:.0%}"),
        )
    return found


def save(file: Path, measured: Measured) -> None:
    """Write the raw rounds, what they boil down to, and under which circumstances."""
    document = {
        "about": measured.about,
        "figures": [asdict(figure) for figure in measured.figures],
        "spikes": measured.spikes,
        "round_trips": measured.round_trips,
        "rounds": [[asdict(peak) for peak in peaks] for peaks in measured.rounds],
    }
    write(file, document)


def save_growth(file: Path, about: dict[str, Any], sizes: Sequence[Size]) -> None:
    """Write one entry for each size of the crowd."""
    write(file, {"about": about, "sizes": [asdict(size) for size in sizes]})


def write(file: Path, document: dict[str, Any]) -> None:
    file.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
