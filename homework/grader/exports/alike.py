"""Which submissions to one homework are much alike, apart from what was given out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from homework.grader.book import Homework
from homework.grader.similarity import Pair, pairs
from homework.grader.submissions import opened


def find(homework: Homework, submissions: Iterable[Path]) -> list[Pair]:
    """Compares what the grader looks at: the files that homework.toml names."""
    starter = {
        file.name: file.read_bytes() for file in (homework.folder / "starter").iterdir() if file.is_file()
    }
    handed_in = {each.name: _texts(each.of(homework)) for each in map(opened, submissions)}
    return pairs(handed_in, _texts(starter))


def _texts(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: content.decode(errors="replace") for name, content in files.items()}
