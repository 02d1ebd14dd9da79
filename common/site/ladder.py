"""The ladder: all stages of the course, those that exist and those to come."""

from __future__ import annotations

import tomllib
from functools import cache
from html import escape

from common.site.links import chapter_link
from common.site.pages import DOCS
from common.site.words import Lang, word
from common.stages import Stage, all_stages

FILE = DOCS / "ladder.toml"


def shown(lang: Lang, here: str) -> str:
    """HTML: one step for each stage; a stage that exists says what it adds, and links to its chapter."""
    exist = {stage.code: stage for stage in all_stages()}
    steps = "".join(_step(code, said[lang], exist.get(code), lang, here) for code, said in _about().items())
    return f'<ol class="ladder" markdown="0">{steps}</ol>\n'


def _step(code: str, said: str, stage: Stage | None, lang: Lang, here: str) -> str:
    text = f"<span>{escape(said)}</span>"
    if stage is None:
        return f'<li class="to-come"><b>{code}</b>{text}<em>{word("to_come", lang)}</em></li>'
    adds = "".join(f"<code>{name}</code>" for name in stage.adds)
    drops = "".join(f"<s><code>{name}</code></s>" for name in stage.drops)
    return f"<li><b>{chapter_link(stage, lang, here)}</b>{text}<em>{adds}{drops}</em></li>"


def about(code: str) -> dict[Lang, str]:
    """What the stage ("s07") is about, in a sentence."""
    return _about()[code]


@cache
def _about() -> dict[str, dict[Lang, str]]:
    return tomllib.loads(FILE.read_text())
