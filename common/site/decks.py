"""The decks: one page of slides for each chapter and language, made of the chapter's own source.

They are written into the built site beside the chapters, so a new chapter has a deck without a line of code.
What they load is the site's own.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markdown import Markdown
from mkdocs.utils.yaml import yaml_load

from common.site import tables
from common.site.links import address, chapter_page, deck_page, taught
from common.site.macros import Macros
from common.site.pages import DOCS, path_of
from common.site.slides import Slide, cut
from common.site.words import Lang, word
from common.stages import Stage

TEMPLATE = Path(__file__).with_name("deck.html")
SITE = DOCS / "site.yml"
HERE = "slides/index.md"  # from where a deck links
INNER_LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(#[^)\s]*)?\)")
STYLES = ("stylesheets/main.*.css", "stylesheets/palette.*.css", "site.css", "deck.css")
SCRIPTS = ("mermaid-*.js", "reading.js", "scheduler.js", "deck.js")
OTHER: dict[Lang, dict[str, str]] = {
    "en": {"lang": "zh", "name": "中文", "folder": "../zh/slides"},
    "zh": {"lang": "en", "name": "English", "folder": "../../slides"},
}


def write(lang: Lang, site: Path) -> None:
    """Every deck of a language, into the folder in which its site has just been built."""
    for stage in taught(lang):
        file = site / deck_page(stage)
        file.parent.mkdir(exist_ok=True)
        file.write_text(deck(stage, lang, site / "assets"))


def deck(stage: Stage, lang: Lang, assets: Path) -> str:
    """HTML: the page with the stage's slides. `assets` is where the built site has its styles and scripts."""
    html = _converter()
    shown = [
        Slide(*(html(part) for part in (each.heading, each.body, each.notes))) for each in slides(stage, lang)
    ]
    inline = [replace(each, heading=re.sub(r"</?p>", "", each.heading)) for each in shown]
    environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 (it is our own HTML)
    return environment.from_string(TEMPLATE.read_text()).render(
        lang=lang,
        code=stage.code,
        title=stage.title[lang],
        chapter=address(chapter_page(stage), HERE),
        other={**OTHER[lang], "href": f"{OTHER[lang]['folder']}/{stage.name}.html"},
        said={name: word(f"deck_{name}", lang) for name in SAID},
        slides=inline,
        styles=_files(assets, STYLES),
        scripts=_files(assets, SCRIPTS),
    )


SAID = ("slides", "slide", "previous", "following", "notes", "help")


def slides(stage: Stage, lang: Lang) -> list[Slide]:
    """The slides of the stage's chapter. On the first one stands what the stage promises and gives up."""
    first, *others = cut(_source(stage, lang))
    promises = [
        f"{word(f'deck_{what}', lang)}\n\n" + "\n".join(f"- `{g}`: {tables.sentence(g, lang)}" for g in names)
        for what, names in (("adds", stage.adds), ("drops", stage.drops))
        if names
    ]
    return [replace(first, body="\n\n".join([first.body, *promises]).strip()), *others]


def _source(stage: Stage, lang: Lang) -> str:
    """The chapter's Markdown, its macros replaced, its links such as are right from a deck."""
    page = chapter_page(stage)
    text = path_of(page, lang).read_text().split("---\n", 2)[2]
    macros = Macros(lang, lambda: HERE)
    environment = Environment(  # as docs/site.yml sets it up
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 (a page is Markdown)
        comment_start_string="{##",
        comment_end_string="##}",
    )
    names = {name: getattr(macros, name) for name in dir(Macros) if not name.startswith("_")}

    def link(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page), found[1])) if found[1] else page
        return f"]({address(target, HERE)}{found[2] or ''})"

    return environment.from_string(INNER_LINK.sub(link, text)).render(names)


def _files(assets: Path, patterns: tuple[str, ...]) -> list[str]:
    return [
        file.relative_to(assets).as_posix() for pattern in patterns for file in sorted(assets.glob(pattern))
    ]


@cache
def _extensions() -> dict[str, Any]:
    with SITE.open() as file:
        read: dict[str, Any] = yaml_load(file)["markdown_extensions"]
    return read


def _converter() -> Callable[[str], str]:
    """What turns Markdown into HTML as the site does."""
    converter = Markdown(extensions=list(_extensions()), extension_configs=_extensions())
    return lambda text: converter.reset().convert(text)
