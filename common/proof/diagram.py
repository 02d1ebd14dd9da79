"""A run as a sequence diagram: for the terminal in three columns, and as Mermaid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import NamedTuple

from pymysql import MySQLError

from common.proof.scenario import Cast, Ending
from common.proof.schedule import Run
from common.proof.steps import KILL
from common.proof.wording import error
from common.shop import Order, Refused, Sale

WIDTH = 100
MIDDLE = 27  # columns of the servers' replies; the actors share what is left


class Line(NamedTuple):
    """A step and its reply; `number` is None for a reply that comes late, when a lock is given back."""

    number: int | None
    actor: str
    server: str
    text: str
    reply: str


def terminal(scenario: Cast, run: Run, wrong_at: int | None = None, width: int = WIDTH) -> str:
    """The run in three columns. `wrong_at` is the move (from 0) at which it goes wrong."""
    side = (width - MIDDLE - 5) // 2
    widths = (2, side, MIDDLE, side)
    first, *others = scenario.actors
    titles = ", ".join(scenario.actors[name].title for name in others)
    rows = [*_row(widths, "", scenario.actors[first].title, "  " + _servers(run), "  " + titles)]
    rows += _row(widths, "", *["─" * each for each in widths[1:]])
    for line in story(run):
        left, right = (line.text, "") if line.actor == first else ("", f"◀ {line.text}")
        rows += _row(widths, str(line.number or ""), left, f"{'▶' if left else ' '} {line.reply}", right)
        if wrong_at is not None and line.number == wrong_at + 1:
            rows += [f" ✘ here it goes wrong: {verdict.name}" for verdict in run.broken[:1]]
    return "\n".join([*rows, "", *endings(scenario, run)])


def mermaid(scenario: Cast, run: Run, wrong_at: int | None = None) -> str:
    """The same as a Mermaid sequence diagram."""
    names = list(scenario.actors)
    servers = sorted({move.step.server for move in run.moves} - {KILL.server})
    rows = ["sequenceDiagram", f"    participant {names[0]} as {scenario.actors[names[0]].title}"]
    rows += [f"    participant {server}" for server in servers]
    rows += [f"    participant {name} as {scenario.actors[name].title}" for name in names[1:]]
    for line in story(run):
        if line.number is not None:
            to = f"->>{line.server}" if line.server != KILL.server else f"-x{names[0]}"
            rows.append(f"    {line.actor}{to}: {line.number}. {_escape(line.text)}")
        if line.server != KILL.server:
            rows.append(f"    {line.server}-->>{line.actor}: {_escape(line.reply)}")
        if wrong_at is not None and line.number == wrong_at + 1:
            rows += [f"    Note over {names[0]},{names[-1]}: ✘ {v.name}" for v in run.broken[:1]]
    rows += [f"    Note over {names[0]},{names[-1]}: {_escape(text)}" for text in endings(scenario, run)]
    return "\n".join(rows)


def story(run: Run) -> Iterator[Line]:
    """The moves and the replies in the order in which they happened."""
    waiting: dict[str, str] = {}
    for number, move in enumerate(run.moves, start=1):
        server = waiting[move.actor] = move.step.server
        reply = move.replies.get(move.actor, "waits for a lock …")
        yield Line(number, move.actor, server, move.step.label, reply)
        for actor, late in move.replies.items():
            if actor != move.actor:
                yield Line(None, actor, waiting[actor], "has waited for this", late)


def endings(scenario: Cast, run: Run) -> list[str]:
    """What each actor got, and which guarantees are broken."""
    got = [f"{action.title} {outcome(run.outcomes[name])}" for name, action in scenario.actors.items()]
    return got + [f"✘ {verdict.name}: {verdict.sentence}" for verdict in run.broken]


def outcome(what: object) -> str:
    """What became of an actor: the rest of a sentence that begins with who it is."""
    match what:
        case Order(quantity=quantity):
            return f"gets an order for {quantity} {'unit' if quantity == 1 else 'units'}"
        case Refused():
            return f"is refused: {what.type}"
        case MySQLError():
            return f"fails: {error(what)}"
        case None | Sale():
            return "is done"
        case Ending():
            return what
    return f"ends with {what!r}"


def _servers(run: Run) -> str:
    return " and ".join(sorted({move.step.server for move in run.moves}))


def _row(widths: Sequence[int], *cells: str) -> Iterator[str]:
    """One row of the table, as many lines as its longest cell needs."""
    wrapped = [wrap(cell, width, subsequent_indent="  ") for cell, width in zip(cells, widths, strict=True)]
    for parts in zip_longest(*wrapped, fillvalue=""):
        yield " ".join(f"{part:<{width}}" for part, width in zip(parts, widths, strict=True)).rstrip()


def _escape(text: str) -> str:
    """Mermaid ends a statement at a semicolon and takes # for an entity."""
    return text.translate({ord("#"): "#35;", ord(";"): "#59;"})
