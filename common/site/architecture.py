"""One picture of the whole system that grows by stage: an SVG drawn from docs/architecture.toml.

Its colours are the page's, so that it is right on light and on dark. What the stage brings is drawn strongly.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from html import escape
from typing import Any

from common.site.pages import DOCS
from common.site.words import Lang
from common.stages import Stage

FILE = DOCS / "architecture.toml"
WIDTH, HEIGHT = 900, 350
LINE = 23  # from one part of a box to the next

Box = dict[str, Any]
Arrow = dict[str, Any]


def picture(stage: Stage, lang: Lang) -> str:
    """HTML: the system as it is in `stage`."""
    number = stage.number
    boxes = {name: box for name, box in _source()["boxes"].items() if is_there(box, number)}
    arrows = [each for each in _source()["arrows"] if is_there(each, number)]
    lines, words = zip(*(_arrow(each, boxes, number, lang) for each in arrows), strict=True)
    drawn = [*lines, *words, *(_box(box, number, lang) for box in boxes.values())]
    caption = f"{stage.code} · {stage.title[lang]}"
    return (
        f'<figure class="architecture" markdown="0"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(described(boxes, number, lang))}">{HEAD}{"".join(drawn)}</svg>'
        f"<figcaption>{escape(caption)}</figcaption></figure>\n"
    )


HEAD = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
    ' orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>'
)


def is_there(each: dict[str, Any], number: int) -> bool:
    """Whether a box, a part of it or an arrow is in the picture of that stage."""
    return bool(each["since"] <= number <= each.get("until", number))


def described(boxes: dict[str, Box], number: int, lang: Lang) -> str:
    """The picture in words, for those who cannot see it."""
    return ". ".join(
        f"{box['title'][lang]}: {', '.join(part[lang] for part in _present(box, number))}".removesuffix(": ")
        for box in boxes.values()
    )


def _present(box: Box, number: int) -> Iterator[dict[str, Any]]:
    return (part for part in box.get("parts", []) if is_there(part, number))


def _box(box: Box, number: int, lang: Lang) -> str:
    x, y, width, height = box["at"]
    lines = [_text(x + 14, y + 26, box["title"][lang], "title")]
    for place, part in enumerate(_present(box, number)):
        mark = " is-new" if part["since"] == number else ""
        lines.append(_text(x + 14, y + 52 + place * LINE, part[lang], f"part{mark}"))
    new = " is-new" if box["since"] == number else ""
    frame = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="12" class="box{new}"/>'
    return frame + "".join(lines)


def _arrow(arrow: Arrow, boxes: dict[str, Box], number: int, lang: Lang) -> tuple[str, str]:
    """A line from the edge of one box to the edge of another, and the words on it that hold in this stage."""
    (x1, y1), (x2, y2) = _ends(boxes[arrow["from"]]["at"], boxes[arrow["to"]]["at"])
    said = [each for each in arrow.get("says", []) if each["since"] <= number][-1:]
    new = " is-new" if number in {arrow["since"], *(each["since"] for each in said)} else ""
    line = f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" class="arrow{new}" marker-end="url(#tip)"/>'
    share = 1 / 2 if y1 == y2 else 1 / 3  # at its middle a steep line meets a level one's words
    place = (x1 + (x2 - x1) * share, y1 + (y2 - y1) * share - 8)
    return line, "".join(_text(*place, each[lang], f"says{new}") for each in said)


def _ends(one: list[int], other: list[int]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where a line between two boxes begins and ends: level where they overlap in height, else down and
    steep, leaving their middles to the level ones.
    """
    (x1, y1, w1, h1), (x2, y2, w2, h2) = one, other
    top, bottom = max(y1, y2), min(y1 + h1, y2 + h2)
    if top < bottom:
        begin = end = (top + bottom) / 2
    else:
        begin, end = y1 + h1 * 3 / 4, y2 + h2 / 4
    if x1 < x2:
        return (x1 + w1 + 4, begin), (x2 - 6, end)
    return (x1 - 4, begin), (x2 + w2 + 6, end)


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{kind}">{escape(text)}</text>'


@cache
def _source() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text())
