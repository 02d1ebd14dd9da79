"""The guarantee grid: which stage keeps which guarantee, as the stage.toml files declare it.

Nothing here proves anything: that each cell is as declared is the business of tests/guarantees, one module
for each row. This module says what has to be proved, and draws the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from common.stages import Stage, all_stages, guarantees, has_subject

Mark = Literal["✔", "✘", "–"]
BEGIN, END = "<!-- the grid: written by ./seckill grid --write -->", "<!-- end of the grid -->"


@dataclass(frozen=True)
class Row:
    """One guarantee, and its mark in every stage, in order. A stage without the subject has no cell: –."""

    guarantee: str
    marks: tuple[Mark, ...]


def rows() -> list[Row]:
    """The whole grid."""
    stages = all_stages()
    names = list(dict.fromkeys(name for stage in stages for name in stage.adds))
    return [Row(name, tuple(mark(name, stage) for stage in stages)) for name in names]


def mark(guarantee: str, stage: Stage) -> Mark:
    """What the stage's cell has to show."""
    if not has_subject(guarantee, stage):
        return "–"
    return "✔" if guarantee in guarantees(stage) else "✘"


def around_changes(guarantee: str) -> list[Stage]:
    """The stages whose cells prove the row: those before and after each change of mark, and the newest."""
    stages = [stage for stage in all_stages() if has_subject(guarantee, stage)]
    marks = [mark(guarantee, stage) for stage in stages]
    changed = [n for n in range(1, len(stages)) if marks[n] != marks[n - 1]]
    wanted = {len(stages) - 1} | set(changed) | {n - 1 for n in changed}
    return [stages[n] for n in sorted(wanted)]


def markdown(table: list[Row]) -> str:
    """The grid as a Markdown table, stages as columns."""
    stages = all_stages()
    head = ["guarantee", *(f"[{stage.code}](stages/{stage.name}/README.md)" for stage in stages)]
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " :---: |" * len(stages)]
    lines += ["| " + " | ".join([f"`{row.guarantee}`", *row.marks]) + " |" for row in table]
    return "\n".join(lines)


def written_into(text: str, table: list[Row]) -> str:
    """`text` with the table between the grid's two marks, in place of what stood there."""
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{markdown(table)}\n\n{END}{after}"
