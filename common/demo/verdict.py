"""The verdict of the demo: two stages side by side, and what it comes to in plain words."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich import box
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from common.demo.contest import Crowd, Result
from common.proof.oracle import Verdict

PICTURE_WIDTH = 100  # columns
MARKS = {"kept": ("✔", "green"), "broken": ("✘", "red"), "unknown": ("?", "yellow")}


Conclude = Callable[[Result, Result], list[str]]
"""What two results come to, in plain words: a few lines."""


def verdict(results: tuple[Result, Result], conclude: Conclude) -> RenderableType:
    """One column for each result, side by side, and the conclusion below."""
    table = Table(box=box.ROUNDED, expand=True, border_style="dim")
    for result in results:
        table.add_column(f"{result.stage.name}: {result.stage.title['en']}", ratio=1, justify="center")
    table.add_row(*[_headline(result) for result in results], end_section=True)
    table.add_row(*[_figures(result.figures()) for result in results], end_section=True)
    table.add_row(*[_verdicts(result.verdicts) for result in results])
    return Group(table, *[Text(line, style="bold") for line in conclude(*results)])


def conclusion(first: Result, newest: Result) -> list[str]:
    """Two lines in plain words, one on each stage."""
    units = first.facts.sale.initial
    if first.oversold:
        first_line = (
            f"{first.stage.name} sold {first.facts.sold} of {units} units:"
            f" {first.oversold} units were promised that do not exist."
        )
    else:
        first_line = (
            f"{first.stage.name} did not oversell this time, so this run shows nothing: run it again."
        )
    if newest.kept_everything:
        return [
            first_line,
            f"{newest.stage.name} sold {newest.facts.sold} of {units} to the same crowd: every promise kept.",
        ]
    failed = ", ".join(each.name for each in newest.verdicts if each.state != "kept")
    return [first_line, f"{newest.stage.name} did not keep everything: {failed}."]


def comparison(one: Result, other: Result) -> list[str]:
    """What became of the crowd at each of two stages, and what it was like to wait there."""
    return [_in_a_line(one), _in_a_line(other)]


def _in_a_line(result: Result) -> str:
    figures = result.figures()
    failed = ", ".join(each.name for each in result.verdicts if each.state != "kept")
    became = f"not kept: {failed}" if failed else "every promise kept"
    return (
        f"{result.stage.name} sold {figures['sold']} of {figures['units']}; {became};"
        f" 99 of 100 buyers knew within {figures['p99_to_end_ms']} ms."
    )


def exit_code(first: Result, newest: Result) -> int:
    """0 only when the demo showed what it is there to show."""
    return 0 if first.oversold and newest.kept_everything else 1


def _headline(result: Result) -> Text:
    said = f"sold {result.facts.sold} of {result.facts.sale.initial}"
    said += f": OVERSOLD by {result.oversold}" if result.oversold else ""
    return Text(said, style="bold green" if result.kept_everything else "bold red")


def _figures(figures: dict[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_row("attempts", str(figures["attempts"]))
    table.add_row("  told “accepted”", f"{figures['accepted']}, for {figures['units_accepted']} units")
    table.add_row("  told a clear no", str(figures["refused"]))
    table.add_row("  told nothing clear", str(figures["unknown"]))
    table.add_row("sent away for a moment", f"{figures['sent_away']} times")
    table.add_row("buyers over the limit", _bad_if_any(figures["buyers_over_limit"]))
    table.add_row("acknowledged but missing", _bad_if_any(figures["acknowledged_but_missing"]))
    table.add_row("half were answered within", f"{figures['p50_ms']} ms")
    table.add_row("99 of 100 were answered within", f"{figures['p99_ms']} ms")
    table.add_row("99 of 100 knew for good within", f"{figures['p99_to_end_ms']} ms")
    table.add_row("answers a second", str(figures["answers_per_second"]))
    return table


def _bad_if_any(count: int) -> Text:
    return Text(str(count), style="bold red" if count else "")


def _verdicts(verdicts: Sequence[Verdict]) -> Table:
    table = Table.grid(padding=(0, 1))
    for each in verdicts:
        mark, color = MARKS[each.state]
        table.add_row(Text(mark, style=color), Text.assemble((f"{each.name}: ", color), each.sentence))
    return table


def drawn(results: tuple[Result, Result], conclude: Conclude, title: str) -> str:
    """The verdict as SVG, 100 columns wide; it loads nothing from anywhere."""
    console = Console(record=True, width=PICTURE_WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(verdict(results, conclude))
    template = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    return console.export_svg(title=title, code_format=template, unique_id="verdict")


def save_json(file: Path, results: Sequence[Result], crowd: Crowd, **more: Any) -> None:
    """Write the crowd, every figure and every verdict, and what else there is to say."""
    document = {
        "crowd": asdict(crowd),
        **more,
        "results": [each.figures() for each in results],
    }
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
