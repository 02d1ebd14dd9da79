"""The playable scheduler."""

from __future__ import annotations

from common.site.words import Lang
from common.stages import Stage


def widget(stage: Stage, scenario: str, lang: Lang) -> str:
    return (
        f'<div class="scheduler" data-stage="{stage.code}" data-scenario="{scenario}" lang="{lang}"></div>\n'
    )
