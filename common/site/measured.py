"""What was measured, as pages show it: pictures and figures of docs/results/bench.json, with their source.

Nothing at all as long as nothing was measured: a page never says a number that nobody measured.
"""

from __future__ import annotations

import json
from base64 import b64encode
from html import escape
from typing import Any

from common.site.blocks import table
from common.site.pages import DOCS
from common.site.words import Lang, word
from common.stages import Stage, all_stages

FILE = DOCS / "results" / "bench.json"
PICTURES = ("price", "peaks")
Document = dict[str, Any]


def pictures(lang: Lang) -> str:
    """Every picture drawn from the file, then its source."""
    if not FILE.exists():
        return ""
    drawn = (FILE.with_name(f"{FILE.stem}_{name}.svg") for name in PICTURES)
    shown = "".join(_picture(path.read_bytes(), word(path.stem, lang)) for path in drawn if path.exists())
    return f"{shown}\n\n{_source(_document(), lang)}\n"


def figures(stage: Stage, lang: Lang) -> str:
    """A stage beside the one before: attempts a second by kind, and the multiple of Flask's hello."""
    if not FILE.exists():
        return ""
    document = _document()
    pair = [each for each in all_stages() if each.number in {stage.number - 1, stage.number}]
    speeds = {(each["subject"], each["kind"]): each for each in document["figures"]}
    kinds = dict.fromkeys(kind for subject, kind in speeds if subject in {each.name for each in pair})
    rows = [(f"`{kind}`", *(_speed(speeds.get((each.name, kind))) for each in pair)) for kind in kinds]
    head = [word("per_second", lang), *(each.code for each in pair)]
    return f"{table(head, rows, 'l' + 'r' * len(pair))}\n{_source(document, lang)}\n" if rows else ""


def _speed(figure: Document | None) -> str:
    return f"{figure['per_second']:,.0f} (× {figure['ratio']:g})" if figure else ""


def _picture(svg: bytes, title: str) -> str:
    """As an image, so that it follows the page's light or dark and not only the system's."""
    data = b64encode(svg).decode()
    return f'<img class="measured" alt="{escape(title)}" src="data:image/svg+xml;base64,{data}">\n'


def _source(document: Document, lang: Lang) -> str:
    about = document["about"]
    values = (about["machine"], about["date"][:10], f"`{about['command']}`", "`docs/results/bench.json`")
    return f"<small>{word('measured', lang, *values)}</small>"


def _document() -> Document:
    read: Document = json.loads(FILE.read_text())
    return read
