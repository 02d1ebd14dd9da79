"""Which submissions to one homework are much alike, apart from what was given out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath

from homework.grader.result import Result
from homework.grader.similarity import Pair, pairs, sources

HOMEWORK = Path(__file__).parents[2]


def find(homework: str, results: Iterable[Result], submissions: Path) -> list[Pair]:
    """Compares the files that have the names of the starter's; in a submission they are in hw02/."""
    given: dict[str, str] = {}
    for folder in HOMEWORK.glob(f"{homework}_*"):
        given |= sources(folder / "starter") | sources(folder / "tests")
    names = {PurePath(file).name for file in given}
    handed_in = {
        each.submission: _of_homework(sources(_place(submissions, each.submission)), homework, names)
        for each in results
        if each.homework == homework
    }
    return pairs(handed_in, given)


def _place(submissions: Path, name: str) -> Path:
    folder = submissions / name
    return folder if folder.is_dir() else submissions / f"{name}.zip"


def _of_homework(files: Mapping[str, str], homework: str, names: set[str]) -> dict[str, str]:
    own = {file: text for file, text in files.items() if homework in PurePath(file).parts}
    return {file: text for file, text in own.items() if PurePath(file).name in names}
