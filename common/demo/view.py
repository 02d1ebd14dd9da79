"""The live view of a contest: a moving bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from common.proof.history import Told
from common.stages import Stage

LINE_EVERY = 2.0  # seconds between two plain lines

OnTold = Callable[[Told], None]


@contextmanager
def watch(console: Console, stage: Stage, attempts: int) -> Iterator[OnTold]:
    """Show how the crowd at `stage` fares; hand each answer to what this yields."""
    show = _bar if console.is_terminal else _lines
    with show(console, stage, attempts) as on_told:
        yield on_told


@contextmanager
def _bar(console: Console, stage: Stage, attempts: int) -> Iterator[OnTold]:
    columns = (
        TextColumn("{task.description:<20}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("[green]{task.fields[accepted]} accepted[/]  [dim]{task.fields[refused]} refused[/]"),
        TextColumn("{task.fields[unknown]} unknown"),
        TimeElapsedColumn(),
    )
    counts: dict[str, Any] = {"accepted": 0, "refused": 0, "unknown": 0}
    with Progress(*columns, console=console, expand=True) as progress:
        task = progress.add_task(stage.name, total=attempts, **counts)

        def on_told(told: Told) -> None:
            counts[told.outcome] += 1
            progress.update(task, advance=1, **counts)

        yield on_told


@contextmanager
def _lines(console: Console, stage: Stage, attempts: int) -> Iterator[OnTold]:
    counts = Counter(accepted=0, refused=0, unknown=0)
    last = time.monotonic()

    def say() -> None:
        said = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
        console.print(f"{stage.name}: {counts.total()} of {attempts} attempts answered: {said}")

    def on_told(told: Told) -> None:
        nonlocal last
        counts[told.outcome] += 1
        if time.monotonic() - last > LINE_EVERY and counts.total() < attempts:
            last = time.monotonic()
            say()

    yield on_told
    say()
