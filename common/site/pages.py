"""The pages' sources: where they are, and what their front matter says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from common.lab.places import ROOT
from common.site.words import Lang

DOCS = ROOT / "docs"
LANGS: tuple[Lang, ...] = ("en", "zh")


def path_of(page: str, lang: Lang) -> Path:
    """The file of a page, which goes by its path below docs/en and docs/zh."""
    return DOCS / lang / page


def all_pages(lang: Lang) -> Iterator[str]:
    """Every page of a language, by its path below its folder."""
    for file in sorted((DOCS / lang).rglob("*.md")):
        yield file.relative_to(DOCS / lang).as_posix()


def front_matter(file: Path) -> dict[str, Any]:
    """What stands between the two lines of dashes at the head of a page."""
    text = file.read_text()
    if not text.startswith("---\n"):
        return {}
    read = yaml.safe_load(text.split("---\n", 2)[1])
    return read if isinstance(read, dict) else {}
