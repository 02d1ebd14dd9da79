"""What reports and cards say, in English and in Chinese: en.toml and zh.toml, with the same keys."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from homework.grader.results import Language


def say(language: Language, key: str, **values: object) -> str:
    """The sentence with this key, "report.median"; `{name}` in it is filled in from `values`."""
    return sentences(language)[key].format(**values)


@cache
def sentences(language: Language) -> dict[str, str]:
    """Every sentence, by "section.name"."""
    told = tomllib.loads((Path(__file__).parent / f"{language}.toml").read_text(encoding="utf-8"))
    return {f"{section}.{name}": text for section, texts in told.items() for name, text in texts.items()}
