"""What a chapter has to look like: its parts in order; about so long."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from common.lab.places import ROOT
from common.site.links import chapter_page, taught
from common.site.pages import LANGS, path_of
from common.site.words import Lang

PARTS = [
    "break-it",
    "predict",
    "the-idea",
    "the-code",
    "proof-and-cost",
    "the-price",
    "check-yourself",
    "next",
]
LENGTH: dict[Lang, tuple[int, int]] = {"en": (1500, 1800), "zh": (2700, 3300)}
HEADING = re.compile(r"^(#{1,6}) .*?\{ *#([\w-]+) *\} *$", re.MULTILINE)
CODE = re.compile(r"^(```|~~~).*?^\1$|^    [^\n]*$", re.MULTILINE | re.DOTALL)
MACRO = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
WORD = re.compile(r"[A-Za-z][\w'-]*")
CHARACTER = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Length:
    """How many English words or Chinese characters of prose a chapter has."""

    chapter: Path
    lang: Lang
    number: int

    @property
    def fits(self) -> bool:
        shortest, longest = LENGTH[self.lang]
        return shortest <= self.number <= longest

    def __str__(self) -> str:
        unit = "words" if self.lang == "en" else "characters"
        wanted = "–".join(map(str, LENGTH[self.lang]))
        return f"{self.chapter.relative_to(ROOT)} has {self.number} {unit}; {wanted} are wanted"


def chapters(lang: Lang) -> Iterator[Path]:
    """The chapters that exist, in order."""
    return (path_of(chapter_page(stage), lang) for stage in taught(lang))


def ids(text: str, level: int | None = None) -> list[str]:
    """The explicit ids of a page's headings, in order; of one level only, if it is given."""
    return [found[2] for found in HEADING.finditer(text) if level in {None, len(found[1])}]


def lengths() -> Iterator[Length]:
    for lang in LANGS:
        for file in chapters(lang):
            yield Length(file, lang, prose(file.read_text(), lang))


def prose(text: str, lang: Lang) -> int:
    """How much there is to read, without front matter and listings, with the notes on these."""
    body = text.split("---\n", 2)[2] if text.startswith("---\n") else text
    body = MACRO.sub(lambda macro: macro[1].partition("notes=")[2], CODE.sub("", body))
    return len((WORD if lang == "en" else CHARACTER).findall(body))
