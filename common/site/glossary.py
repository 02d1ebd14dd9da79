"""The glossary: one list of words that is a page of its own and the tooltips of all others."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

from common.site.pages import DOCS
from common.site.words import Lang

FILE = DOCS / "glossary.toml"
PINYIN = "gb18030"  # the bytes of common characters are in the order of their pinyin
UNTOUCHED = {
    "a",
    "abbr",
    "button",
    "code",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "kbd",
    "pre",
    "script",
    "summary",
}


@dataclass(frozen=True)
class Term:
    """One entry. `also` are other forms of the same word."""

    term: Mapping[Lang, str]
    short: Mapping[Lang, str]
    also: Mapping[Lang, list[str]] = field(default_factory=dict)

    def forms(self, lang: Lang) -> list[str]:
        return [self.term[lang], *self.also.get(lang, [])]


@cache
def terms() -> tuple[Term, ...]:
    return tuple(Term(**entry) for entry in tomllib.loads(FILE.read_text()).values())


def listed(lang: Lang) -> str:
    """Markdown: every term with its meaning and its name in the other language, in the language's order."""
    other: Lang = "zh" if lang == "en" else "en"
    entries = sorted(terms(), key=lambda each: each.term[lang].casefold().encode(PINYIN))
    return "\n".join(
        f"{each.term[lang]}{_called(each.term[other], other, each.term[lang])}\n:   {each.short[lang]}\n"
        for each in entries
    )


def _called(name: str, lang: Lang, known: str) -> str:
    """Its name in the other language, unless that is the same."""
    return "" if name == known else f' <span lang="{lang}">{name}</span>'


class Tooltips(Extension):
    """Markdown: the first time a page says a term, it gets its meaning as a tooltip."""

    def __init__(self, lang: Lang) -> None:
        super().__init__()
        self._lang = lang

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's own name
        md.treeprocessors.register(_Marker(md, self._lang), "glossary", 5)


class _Marker(Treeprocessor):
    def __init__(self, md: Markdown, lang: Lang) -> None:
        super().__init__(md)
        forms = {form: each for each in terms() for form in each.forms(lang)}
        self._meanings = {form.casefold(): each for form, each in forms.items()}
        pattern = "|".join(map(_found_in_text, sorted(forms, key=len, reverse=True)))
        self._pattern = re.compile(pattern, re.ASCII | re.IGNORECASE if lang == "en" else re.ASCII)
        self._lang = lang

    def run(self, root: Element) -> None:
        self._mark(root, set())

    def _mark(self, element: Element, said: set[str]) -> None:
        """Mark the terms in an element, in the order of reading."""
        if element.tag in UNTOUCHED:
            return
        children = list(element)
        element.text, marked = self._split(element.text, said)
        _insert(element, 0, marked)
        for child in children:
            self._mark(child, said)
            child.tail, marked = self._split(child.tail, said)
            _insert(element, list(element).index(child) + 1, marked)

    def _split(self, text: str | None, said: set[str]) -> tuple[str | None, list[Element]]:
        """`text` up to the first term that was not said before, and the marked terms with what follows."""
        if not text:
            return text, []
        begin, end = text, 0
        marked: list[Element] = []
        for found in self._pattern.finditer(text):
            meaning = self._meanings[found[0].casefold()]
            if meaning.term["en"] in said:
                continue
            said.add(meaning.term["en"])
            before = text[end : found.start()]
            if marked:
                marked[-1].tail = before
            else:
                begin = before
            marked.append(_abbr(found[0], meaning.short[self._lang]))
            end = found.end()
        if marked:
            marked[-1].tail = text[end:]
        return begin, marked


def _found_in_text(form: str) -> str:
    """A pattern for it. Latin letters have to be a word of their own; Chinese has no spaces."""
    return rf"\b{re.escape(form)}\b" if form.isascii() else re.escape(form)


def _abbr(text: str, title: str) -> Element:
    made = Element("abbr", {"title": title})
    made.text = text
    return made


def _insert(element: Element, place: int, children: list[Element]) -> None:
    for offset, child in enumerate(children):
        element.insert(place + offset, child)
