"""The playable scheduler: what docs/theme/assets/scheduler.js needs to be played on a page.

The recorded trees are captures (docs/outputs, written by `./seckill explore --export`). They and the words go
into the page itself: a few kilobytes, and it works from a plain file.
"""

from __future__ import annotations

import json
import tomllib
from functools import cache
from html import escape
from typing import Any

from common.lab.places import ROOT
from common.site import outputs
from common.site.errors import PageError
from common.site.words import Lang
from common.stages import Stage, find

WORDS = ROOT / "docs" / "scheduler.toml"


def widget(recordings: list[str], lang: Lang) -> str:
    """HTML: a scheduler that plays these recordings ("s01", "s02-just-a-transaction"), as is chosen."""
    shops = [shop(name, lang) for name in recordings]
    words = words_of(lang)
    commands = "".join(f"<p><code>{escape(each['command'])}</code></p>" for each in shops)
    data = json.dumps({"words": words, "shops": shops}, ensure_ascii=False, separators=(",", ":"))
    safe = data.replace("</", "<\\/")  # nothing in it can end the script
    return (
        f'<div class="scheduler" markdown="0"><p>{escape(words["without_script"])}</p>{commands}'
        f'<script type="application/json">{safe}</script></div>\n'
    )


def shop(name: str, lang: Lang) -> dict[str, Any]:
    """One recording with what the page says about it."""
    stage = find(name.split("-", maxsplit=1)[0])
    tree = json.loads(outputs.captured(f"play-{name}"))
    if not tree["complete"]:
        raise PageError(f"play-{name} does not hold every schedule: explore with --most 20000")
    return {"name": name, "title": title(name, stage, lang), "command": command(name), "tree": tree}


def title(name: str, stage: Stage, lang: Lang) -> str:
    """The stage's title, or what outputs.toml calls the recording."""
    return outputs.entry(f"play-{name}").title.get(lang, stage.title[lang])


def command(name: str) -> str:
    """The command that plays one schedule of the recording; without its schedule, all of them."""
    words = outputs.entry(f"play-{name}").command.split()
    for option in ("--export", "--most"):
        at = words.index(option)
        del words[at : at + 2]
    return " ".join(words)


@cache
def words_of(lang: Lang) -> dict[str, Any]:
    read: dict[str, Any] = tomllib.loads(WORDS.read_text())[lang]
    return read
