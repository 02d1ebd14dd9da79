"""The timetable of a course: weeks with their stages, and the minutes that stages and homework state."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from html import escape

from common.lab.places import ROOT
from common.site import ladder
from common.site.blocks import table, whole
from common.site.links import chapter_link
from common.site.pages import DOCS, front_matter, path_of
from common.site.words import Lang, word
from common.stages import Stage, all_stages

FILE = DOCS / "timetable.toml"


@dataclass(frozen=True)
class Plan:
    """`weeks`: the stages of each week of the core path. `electives`: all others."""

    weeks: list[list[str]]
    electives: list[str]


@dataclass(frozen=True)
class Minutes:
    """Of reading a chapter, of running and breaking its stage, of its homework; 0 where there is none yet."""

    read: int = 0
    do: int = 0
    homework: int = 0

    def __add__(self, other: Minutes) -> Minutes:
        return Minutes(self.read + other.read, self.do + other.do, self.homework + other.homework)


@cache
def plan() -> Plan:
    return Plan(**tomllib.loads(FILE.read_text()))


def minutes(stage: Stage | None, lang: Lang) -> Minutes:
    """From the chapter's front matter, stage.toml and homework.toml."""
    if stage is None:
        return Minutes()
    chapter = path_of(f"stages/{stage.name}.md", lang)
    read = int(front_matter(chapter).get("minutes", 0)) if chapter.exists() else 0
    given = [
        tomllib.loads(file.read_text()) for file in ROOT.glob(f"homework/{stage.homework}_*/homework.toml")
    ]
    return Minutes(read, stage.minutes, sum(int(each["minutes"]) for each in given))


def weeks(lang: Lang, here: str) -> str:
    """Markdown: the core path by weeks, and the sum of what exists."""
    exist = {stage.code: stage for stage in all_stages()}
    rows: list[tuple[object, ...]] = []
    total = Minutes()
    for number, codes in enumerate(plan().weeks, start=1):
        week = sum((minutes(exist.get(code), lang) for code in codes), Minutes())
        total += week
        names = "<br>".join(_name(code, exist.get(code), lang, here) for code in codes)
        rows.append((number, names, *_cells(week, lang)))
    sums = [hours(each, lang) for each in (total.read, total.do, total.homework)]
    rows.append(("", f"**{word('total', lang)}**", *(f"**{each}**" for each in sums)))
    return table([word(key, lang) for key in ("week", "stage", "read", "do", "homework")], rows, "rlrrr")


def hours(number: int, lang: Lang) -> str:
    """So many minutes, as hours and what is left."""
    full, left = divmod(number, 60)
    parts = [word("hours", lang, full), *([word("minutes", lang, left)] if left else [])]
    return " ".join(map(whole, parts))


def electives(lang: Lang, here: str) -> str:
    """Markdown: the stages that are in no week."""
    exist = {stage.code: stage for stage in all_stages()}
    rows = [(_name(code, exist.get(code), lang, here),) for code in plan().electives]
    return table([word("stage", lang)], rows)


def _name(code: str, stage: Stage | None, lang: Lang, here: str) -> str:
    if stage:
        return f"{chapter_link(stage, lang, here)} {escape(stage.title[lang])}"
    to_come = word("in_brackets", lang, f"*{word('to_come', lang)}*")
    return f"{code} {escape(ladder.about(code)[lang])}{to_come}"


def _cells(week: Minutes, lang: Lang) -> list[str]:
    return [word("minutes", lang, each) if each else "" for each in (week.read, week.do, week.homework)]
