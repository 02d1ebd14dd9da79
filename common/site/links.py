"""Links that macros write in HTML. In Markdown, a page links to the .md file of another."""

from __future__ import annotations

from html import escape
from posixpath import relpath

from common.site.pages import path_of
from common.site.words import Lang
from common.stages import Stage


def chapter_link(stage: Stage, lang: Lang, here: str) -> str:
    """The stage's short name, as a link where it has a chapter. `here` is the page that links."""
    title = escape(stage.title[lang])
    chapter = f"stages/{stage.name}.md"
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
