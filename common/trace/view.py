"""A trace as a timeline for the terminal."""

from __future__ import annotations

from datetime import datetime

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from common.trace.moments import Moment, Trace

BAR = 24  # columns
COLOURS = {
    "edge": "magenta",
    "web": "blue",
    "Redis": "red",
    "queue": "yellow",
    "worker": "cyan",
    "MariaDB": "green",
    "events": "magenta",
}


def timeline(trace: Trace) -> RenderableType:
    """A line for each moment: milliseconds since the first one, where, how long, what."""
    moments = trace.in_order
    begin = moments[0].at
    end = max([each.end for each in moments if not each.looking], default=begin)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), expand=False)
    table.add_column("ms", justify="right", no_wrap=True)
    table.add_column("where", no_wrap=True)
    table.add_column(f"{milliseconds(begin, end)} ms from first to last", no_wrap=True, style="bold")
    table.add_column("what", overflow="fold")
    for each in moments:
        table.add_row(
            f"≤ {milliseconds(begin, each.at)}" if each.at_latest else milliseconds(begin, each.at),
            Text(each.place, style=COLOURS[each.place]),
            Text("" if each.looking else bar(each, begin, end), style=COLOURS[each.place]),
            Text(each.what + lasted(each), style="dim" if each.looking else ""),
        )
    pressed = f"{trace.ended}; pressed {begin:%Y-%m-%d %H:%M:%S} UTC"
    head = Text.assemble((f"{trace.about}\n", "bold"), pressed)
    return Group(head, table, *[Text(f"? {line}", style="yellow") for line in trace.unknown])


def bar(moment: Moment, begin: datetime, end: datetime) -> str:
    """Where on the line from `begin` to `end` it lies. What took no measured time is a point."""
    whole = (end - begin).total_seconds() or 1.0
    first = round((moment.at - begin).total_seconds() / whole * (BAR - 1))
    last = round((moment.end - begin).total_seconds() / whole * (BAR - 1))
    if moment.until is None:
        return " " * first + ("◂" if moment.at_latest else "●")
    return " " * first + "━" * (last - first + 1)


def lasted(moment: Moment) -> str:
    return f" ({milliseconds(moment.at, moment.until)} ms)" if moment.until else ""


def milliseconds(begin: datetime, end: datetime) -> str:
    return f"{(end - begin).total_seconds() * 1000:.1f}"
