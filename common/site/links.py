"""Links that macros write in HTML. In Markdown, a page links to the .md file of another."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from posixpath import relpath

from common.site.pages import path_of
from common.site.words import Lang
from common.stages import Stage, all_stages


def chapter_page(stage: Stage) -> str:
    """The page of a stage's chapter, whether or not it is written."""
    return f"stages/{stage.name}.md"


def deck_page(stage: Stage) -> str:
    """The file with the slides of a stage, below the folder of its language."""
    return f"slides/{stage.name}.html"


def taught(lang: Lang) -> Iterator[Stage]:
    """The stages that have a chapter, and so a deck, in order."""
    return (stage for stage in all_stages() if path_of(chapter_page(stage), lang).exists())


def deck_links(lang: Lang, here: str) -> str:
    """The slides of every chapter. `here` is the page that links."""
    items = (
        f'<li><a href="{file}">{stage.code}</a> {escape(stage.title[lang])}</li>'
        for stage in taught(lang)
        for file in [relpath(f"/{deck_page(stage)}", _folder(here))]
    )
    return f'<ul class="decks">{"".join(items)}</ul>\n'


def chapter_link(stage: Stage, lang: Lang, here: str) -> str:
    """The stage's short name, as a link where it has a chapter. `here` is the page that links."""
    title = escape(stage.title[lang])
    chapter = chapter_page(stage)
    if not path_of(chapter, lang).exists():
        return f'<span title="{title}">{stage.code}</span>'
    return f'<a href="{address(chapter, here)}" title="{title}">{stage.code}</a>'


def address(page: str, here: str) -> str:
    """The address of a page's folder, as seen from another's."""
    return relpath(_folder(page), _folder(here)) + "/"


def _folder(page: str) -> str:
    """Where a page ends up: index.md in its own folder, any other in one of its name."""
    path = page.removesuffix(".md")
    return "/" + path.removesuffix("index") if path.endswith("index") else f"/{path}"
