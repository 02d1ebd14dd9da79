"""One picture of the whole system that grows by stage."""

from __future__ import annotations

from common.site.words import Lang
from common.stages import Stage


def picture(stage: Stage, lang: Lang) -> str:
    return f'<figure class="architecture" data-stage="{stage.code}" lang="{lang}"></figure>\n'
