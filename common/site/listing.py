"""Listings: a part of a source file, found by its name or its words, never by its line number.

A listing that cannot be found exactly ends the build: a page must not show what the code no longer says.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from common.lab.places import ROOT
from common.site.errors import PageError

LANGUAGES = {
    ".py": "python",
    ".lua": "lua",
    ".sql": "sql",
    ".conf": "nginx",
    ".js": "javascript",
    ".css": "css",
    ".html": "html+jinja",
    ".toml": "toml",
    ".yaml": "yaml",
    ".yml": "yaml",
    "": "bash",
}
COMMENTS = {
    "python": "#",
    "nginx": "#",
    "bash": "#",
    "toml": "#",
    "yaml": "#",
    "lua": "--",
    "sql": "--",
    "javascript": "//",
}
MARKS = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫"

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def fenced(
    path: str,
    symbol: str | None = None,
    notes: Mapping[str, str] | None = None,
    start: str | None = None,
    end: str | None = None,
) -> str:
    """Markdown: the listing under its file's name, and its notes as a numbered list.

    `symbol` is a function, a class, a "Class.method" or a name that a module assigns to; without one it is
    the whole file. `start` and `end` choose the lines from the one that contains `start` to the next that
    contains `end`. `notes` maps words that stand in exactly one line to Markdown about that line.
    """
    file = source(path)
    text = definition(file, symbol) if symbol else file.read_text()
    language = LANGUAGES.get(file.suffix, "text")
    text = part(text, start, end, path).strip("\n")
    title = f"{path} · {symbol}" if symbol else path
    text = annotated(dedent(text), list(notes or {}), language, title)
    listing = f'```{language} title="{title}"\n{text}\n```\n'
    if not notes:
        return listing
    numbered = "\n".join(f"{n}.  {' '.join(note.split())}" for n, note in enumerate(notes.values(), start=1))
    return f'{listing}\n<div class="notes" markdown="1">\n\n{numbered}\n\n</div>\n'


def source(path: str) -> Path:
    """The file at `path` (from the project's root). PageError when there is none."""
    file = ROOT / path
    if not file.is_file():
        raise PageError(f"there is no file {path}")
    return file


def definition(file: Path, symbol: str) -> str:
    """The text of what `symbol` names in a Python file, decorators included."""
    text = file.read_text()
    body: list[ast.stmt] = ast.parse(text).body
    found: ast.stmt | None = None
    for name in symbol.split("."):
        found = next((each for each in body if name in _names(each)), None)
        if found is None:
            raise PageError(f"{file.relative_to(ROOT)} defines no {symbol}")
        body = found.body if isinstance(found, ast.ClassDef) else []
    assert found is not None
    decorators = found.decorator_list if isinstance(found, Definition) else []
    first = min([found.lineno, *(each.lineno for each in decorators)])
    return "\n".join(text.splitlines()[first - 1 : found.end_lineno])


def part(text: str, start: str | None, end: str | None, where: str) -> str:
    """The lines from the only one that contains `start` to the first after it that contains `end`."""
    lines = text.splitlines()
    first = only_line(lines, start, where) if start else 0
    if end is None:
        return "\n".join(lines[first:])
    last = next((n for n in range(first, len(lines)) if end in lines[n]), None)
    if last is None:
        raise PageError(f"{where}: no line contains {end!r}" + (f" after {start!r}" if start else ""))
    return "\n".join(lines[first : last + 1])


def only_line(lines: list[str], words: str, where: str) -> int:
    """The number of the line that contains `words`. PageError unless there is exactly one."""
    found = [number for number, line in enumerate(lines) if words in line]
    if len(found) != 1:
        raise PageError(
            f"{where}: {words!r} stands in {len(found) or 'no'} line(s) of the listing, not in one"
        )
    return found[0]


def annotated(text: str, words: list[str], language: str, where: str) -> str:
    """`text` with a marker at the end of each line that a note is about."""
    lines = text.splitlines()
    numbers = [only_line(lines, each, where) for each in words]
    if len(words) > len(MARKS):
        raise PageError(f"{where}: more than {len(MARKS)} notes on one listing")
    if len(set(numbers)) < len(numbers):
        raise PageError(f"{where}: two notes are about the same line")
    mark = COMMENTS.get(language)
    if words and mark is None:
        raise PageError(f"{where}: a listing in {language} has no comments to hang notes on")
    for note, number in enumerate(numbers, start=1):
        commented = f" {mark} " in f" {lines[number]}"
        lines[number] += f" {MARKS[note - 1]}" if commented else f"  {mark} {MARKS[note - 1]}"
    marked = "\n".join(lines)
    if language == "python" and _marked_comments(marked) < len(words):
        raise PageError(f"{where}: a note cannot stand inside a text of several lines")
    return marked


def _names(node: ast.stmt) -> set[str]:
    if isinstance(node, Definition):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {each.id for each in targets if isinstance(each, ast.Name)}


def _marked_comments(text: str) -> int:
    """How many comments of Python end in the marker of a note."""
    tokens = tokenize.generate_tokens(io.StringIO(text + "\n").readline)
    return sum(token.type == tokenize.COMMENT and token.string[-1] in MARKS for token in tokens)
