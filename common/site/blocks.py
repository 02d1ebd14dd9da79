"""Small pieces of Markdown and HTML that several macros are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import indent


def fence(text: str, language: str, title: str = "") -> str:
    """A code block. Its fence is longer than any run of backticks in the text."""
    ticks = "```"
    while ticks in text:
        ticks += "`"
    named = f' title="{title}"' if title else ""
    return f"{ticks}{language}{named}\n{text.strip(chr(10))}\n{ticks}\n"


def collapsed(title: str, body: str) -> str:
    """A block that is closed until the reader opens it."""
    return f'??? abstract "{title}"\n\n{indent(body, "    ")}\n'


def whole(text: str) -> str:
    """Not to be broken into lines."""
    return f'<span class="whole">{text}</span>'


def table(head: Sequence[str], rows: Iterable[Sequence[object]], align: str = "") -> str:
    """A Markdown table. `align` has a letter for each column: l, c or r."""
    marks = {"l": "---", "c": ":---:", "r": "---:"}
    columns = [marks[letter] for letter in align.ljust(len(head), "l")]
    lines = [head, columns, *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"
