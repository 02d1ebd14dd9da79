"""English and Chinese: which one a visitor reads, and every visible string by its key.

The strings stand in messages/en.toml and messages/zh.toml; one test keeps the two alike.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, request

LANGUAGES = {"en": "English", "zh": "中文"}
COOKIE = "language"
FOLDER = Path(__file__).parent / "messages"


def install(app: Flask) -> None:
    """Give every template `t`, `language` and `LANGUAGES`."""
    app.jinja_env.globals.update(t=t, language=language, LANGUAGES=LANGUAGES)


def language() -> str:
    """`en` or `zh`: what the visitor chose (a cookie), else what the browser asks for, else English."""
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return chosen
    return request.accept_languages.best_match(LANGUAGES) or "en"


def t(key: str, **values: object) -> str:
    """The string `key` ("sale.buy") in the visitor's language, its {names} filled in, or `KeyError`."""
    return messages(language())[key].format(**values)


def has(key: str) -> bool:
    """Whether there are words for `key`."""
    return key in messages(language())


@cache
def messages(language: str) -> dict[str, str]:
    """Every string of a language by its dotted key."""
    return dict(_flat(tomllib.loads((FOLDER / f"{language}.toml").read_text("utf-8"))))


def _flat(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
