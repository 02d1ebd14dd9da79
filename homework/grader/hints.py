"""hints.en.md and hints.zh.md: `## Task 1`, and in it `### 1`, `### 2`, `### 3`, each saying more."""

from __future__ import annotations

import re

from homework.grader.book import Homework


def hint_of(homework: Homework, task: int, level: int, language: str) -> str:
    """One hint. `LookupError` when the author has not written it."""
    return hints(homework, language)[task, level]


def hints(homework: Homework, language: str) -> dict[tuple[int, int], str]:
    """Every hint, by task and level."""
    text = (homework.folder / f"hints.{language}.md").read_text("utf-8")
    found = {}
    for task, body in parts(text, "## ").items():
        for level, hint in parts(body, "### ").items():
            found[task, level] = hint.strip()
    return found


def parts(text: str, heading: str) -> dict[int, str]:
    """What stands under each heading of one level, by the number in it."""
    pieces = re.split(rf"^{heading}.*?(\d+).*\n", text, flags=re.MULTILINE)
    return {int(number): body for number, body in zip(pieces[1::2], pieces[2::2], strict=True)}
