"""The tables of the site: the guarantee grid, what an attempt costs, what was measured, the timetable."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from html import escape
from typing import Any

from common.lab.places import ROOT
from common.proof import grid as the_grid
from common.site import outputs
from common.site.blocks import table
from common.site.errors import PageError
from common.site.links import chapter_link
from common.site.timetable import hours, minutes
from common.site.words import Lang, word
from common.stages import Stage, all_stages

GUARANTEES = ROOT / "docs" / "guarantees.toml"
CLASSES = {"✔": "kept", "✘": "broken", "–": "no_subject"}


def grid(lang: Lang, here: str, stage: Stage | None = None) -> str:
    """The guarantees by stage, each with its sentence. With `stage`: that column and the one before."""
    stages = [s for s in all_stages() if stage is None or s.number in {stage.number - 1, stage.number}]
    head = "".join(f'<th scope="col">{chapter_link(each, lang, here)}</th>' for each in stages)
    rows = []
    for row in the_grid.rows():
        marks = {s.code: m for s, m in zip(all_stages(), row.marks, strict=True)}
        cells = "".join(_cell(marks[each.code], lang) for each in stages)
        name = f"<code>{row.guarantee}</code><span>{escape(sentence(row.guarantee, lang))}</span>"
        rows.append(f'<tr><th scope="row">{name}</th>{cells}</tr>')
    guarantee = word("guarantee", lang)
    return (
        f'<div class="grid-of-guarantees" tabindex="0" role="region" aria-label="{guarantee}">'
        f'<table class="guarantees"><thead><tr><th scope="col">{guarantee}</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>\n"
    )


def _cell(mark: str, lang: Lang) -> str:
    kind = CLASSES[mark]
    said = word(kind, lang)
    return f'<td class="{kind}"><span aria-hidden="true">{mark}</span><span class="unseen">{said}</span></td>'


@cache
def guarantees() -> dict[str, dict[Lang, str]]:
    return tomllib.loads(GUARANTEES.read_text())


def sentence(guarantee: str, lang: Lang) -> str:
    """What a guarantee says, in a sentence."""
    if guarantee not in guarantees():
        raise PageError(f"docs/guarantees.toml says nothing about {guarantee}")
    return guarantees()[guarantee][lang]


def costs(stage: Stage, lang: Lang) -> str:
    """Round trips of each kind of attempt in the stage before and in this one."""
    counted: dict[str, Any] = json.loads(outputs.captured("costs"))
    pair = [each for each in all_stages() if each.number in {stage.number - 1, stage.number}]
    missing = [each.code for each in pair if each.name not in counted]
    if missing:
        raise PageError(f"nobody counted {', '.join(missing)}: run ./seckill docs outputs costs")
    head = [
        word("attempt", lang),
        *(f"{each.code} {server}" for each in pair for server in ("MariaDB", "Redis")),
    ]
    rows = [
        (
            word(kind, lang),
            *(cost[server] for each in pair for cost in [counted[each.name][kind]] for server in cost),
        )
        for kind in counted[stage.name]
    ]
    return table(head, rows, "l" + "r" * 2 * len(pair))


def schedule(lang: Lang, here: str) -> str:
    """Every chapter with its minutes of reading and of running, from front matter and stage.toml."""
    rows: list[tuple[object, ...]] = []
    total = 0
    for stage in all_stages():
        spent = minutes(stage, lang)
        total += spent.read + spent.do
        name = f"{chapter_link(stage, lang, here)} {stage.title[lang]}"
        rows.append((name, _minutes(spent.read, lang), _minutes(spent.do, lang)))
    rows.append((f"**{word('total', lang)}**", "", f"**{hours(total, lang)}**"))
    return table([word(key, lang) for key in ("stage", "read", "do")], rows, "lrr")


def _minutes(number: int, lang: Lang) -> str:
    return word("minutes", lang, number) if number else ""
