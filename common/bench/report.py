"""What was measured, as a table for the terminal and as the raw file that every quoted figure comes from."""

from __future__ import annotations

import json
import platform
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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

BUSY = 0.5  # load average
PACKAGES = ("flask", "granian", "redis", "hiredis", "pymysql", "rq")


@dataclass(frozen=True)
class Measured:
    """Everything one run found out."""

    about: dict[str, Any]
    spikes: dict[str, dict[str, Any]]
    round_trips: dict[str, dict[str, Any]]
    redis_bytes_per_buyer: dict[str, int]
    rounds: list[list[Peak]]

    @property
    def figures(self) -> list[Figure]:
        return boil_down(self.rounds)


class Steps:
    """A bar that moves on by one for each step; a line each where there is no terminal."""

    def __init__(self, console: Console, progress: Progress, total: int) -> None:
        self._console, self._progress = console, progress
        self._task = progress.add_task("", total=total)

    @contextmanager
    def __call__(self, what: str) -> Iterator[None]:
        self._progress.update(self._task, description=what)
        if not self._console.is_terminal:
            self._console.print(what)
        yield
        self._progress.advance(self._task)


def measure_all(
    console: Console,
    about: dict[str, Any],
    plan: run.Plan,
    bench: Bench,
    *,
    references: Sequence[Subject],
    shops: Sequence[Shop],
) -> Measured:
    """Of each shop what can be counted, and a spike; then rounds of peaks, each subject in its turn.

    What can fail comes first: rounds take long.
    """
    columns = (TextColumn("{task.description:<40}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    subjects = [*references, *shops]
    measured = Measured({**about, **conditions(plan)}, {}, {}, {}, [])
    with Progress(*columns, console=console) as progress:
        step = Steps(console, progress, 2 * len(shops) + plan.rounds * len(subjects))
        for shop in shops:
            with step(f"counting: {shop.name}"):
                measured.round_trips[shop.name] = run.round_trips(shop)
                measured.redis_bytes_per_buyer[shop.name] = run.redis_bytes_per_buyer(bench, shop)
            with step(f"spike: {shop.name}"):
                measured.spikes[shop.name] = run.spike(bench, shop, plan.crowd)
        for nth in range(1, plan.rounds + 1):
            peaks: list[Peak] = []
            for subject in subjects:
                with step(f"round {nth} of {plan.rounds}: {subject.name}"):
                    peaks += run.measure(bench, subject)
            measured.rounds.append(peaks)
    return measured


def begin(console: Console) -> dict[str, Any]:
    """The circumstances, as they are before anything of ours runs; warns when the machine is busy."""
    found = circumstances(shlex.join(["./seckill", *sys.argv[1:]]))
    if found["load_average"] > BUSY:
        console.print(
            f"[yellow]The load average is {found['load_average']}: other programs run. Figures taken now are"
            f" good for ratios at best."
        )
    return found


def about_run(bench: Bench, found: dict[str, Any]) -> dict[str, Any]:
    """The circumstances `found` at the start, and the version of everything that measures or is measured."""
    return {
        **found,
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        },
        "programs": [*(str(resolve(kind)) for kind in ("mysql", "redis", "nginx")), str(bench.wrk)],
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
    title = (
        "peaks: medians; × is to Flask's hello in the same round; written: orders a second, drain included"
    )
    found = Table(box=box.SIMPLE_HEAD, title=title, padding=(0, 1, 0, 0))
    for name in ("subject", "kind"):
        found.add_column(name, no_wrap=True)
    for name in ("per s", "×", "lowest", "highest", "written", "p50 ms", "p99 ms", "CPU µs", "gen."):
        found.add_column(name, justify="right", no_wrap=True)
    for each in measured.figures:
        found.add_row(
            *(each.subject, each.kind, f"{each.per_second:,}", f"{each.ratio:.2f}"),
            *(f"{each.lowest:,}", f"{each.highest:,}", f"{each.written:,}" if each.written else ""),
            *(f"{each.p50_ms:.1f}", f"{each.p99_ms:.1f}", str(each.cpu_us), f"{each.generator:.0%}"),
        )
    return found


def table_of_spikes(measured: Measured) -> Table:
    """One row for each stage: what the crowd met, and what is left for good or ill."""
    crowd = measured.about["spike"]
    title = (
        f"spike: {crowd['buyers']} buyers at {crowd['units']} units; SQL and Redis: of one accepted attempt"
    )
    found = Table(box=box.SIMPLE_HEAD, title=title, padding=(0, 1, 0, 0))
    found.add_column("stage", no_wrap=True)
    for name in ("sold", "p99 ms", "to the end", "drain ms", "SQL", "Redis", "bytes a buyer"):
        found.add_column(name, justify="right", no_wrap=True)
    found.add_column("broken")
    spent = {each.subject: each for each in measured.figures if each.kind == "accepted"}
    for stage, spike in measured.spikes.items():
        broken = [verdict["name"] for verdict in spike["verdicts"] if verdict["state"] != "kept"]
        found.add_row(
            *(stage, f"{spike['sold']:,}"),
            *(str(spike[name]) for name in ("p99_ms", "p99_to_end_ms", "drain_ms")),
            *(f"{spent[stage].sql:.1f}", f"{spent[stage].redis:.1f}"),
            *(str(measured.redis_bytes_per_buyer[stage]), ", ".join(broken)),
        )
    return found


def save(file: Path, measured: Measured) -> None:
    """Write the raw rounds, what they boil down to, and under which circumstances."""
    document = {
        "about": measured.about,
        "figures": [asdict(figure) for figure in measured.figures],
        "spikes": measured.spikes,
        "round_trips": measured.round_trips,
        "redis_bytes_per_buyer": measured.redis_bytes_per_buyer,
        "rounds": [[asdict(peak) for peak in peaks] for peaks in measured.rounds],
    }
    write(file, document)


def save_growth(file: Path, about: dict[str, Any], sizes: Sequence[Size]) -> None:
    """Write one entry for each size."""
    write(file, {"about": about, "sizes": [asdict(size) for size in sizes]})


def write(file: Path, document: dict[str, Any]) -> None:
    file.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
