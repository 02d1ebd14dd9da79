"""A class of sixty, right, wrong, broken and hostile: each outcome is named rightly, and nothing is left."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from homework.grader import walls
from homework.grader.book import all_homeworks, find
from homework.grader.many import grade_all, pieces
from homework.grader.result import Result
from homework.grader.submissions import find_all
from homework.grader.transcripts import all_wrong, solution
from tests.cli.conftest import below
from tests.homework.hostile import BROKEN, IN_CALL, IN_FILE, in_call

EARLY = [find("01"), find("02")]
Outcome = tuple[str, int | None, list[str] | None]  # state, points, failed checks; None: any


def a_class() -> Iterator[tuple[str, Mapping[str, bytes], Outcome]]:
    """Homework, files, and what has to come of it."""
    for homework in EARLY:
        starter = {name: (homework.folder / "starter" / name).read_bytes() for name in homework.files}
        for _ in range(3):
            yield homework.code, starter, ("graded", 0, [])
            yield homework.code, solution(homework), ("graded", 100, [])
        for wrong in all_wrong(homework):
            yield homework.code, wrong.submission().files, ("graded", None, wrong.fails)
    for body in IN_CALL.values():
        yield "hw02", {"swap.py": in_call(body)}, ("graded", 0, ["swaps"])
    for text in IN_FILE.values():
        yield "hw02", {"swap.py": text.encode() + b"\n"}, ("graded", 0, ["swaps"])
    for code, _ in BROKEN.values():
        yield "hw02", {"swap.py": code}, ("broken", 0, [check.id for check in find("02").checks])


def outcome(result: Result, wanted: Outcome) -> Outcome:
    """What came of it, as far as `wanted` says anything."""
    failed = [check.id for check in result.checks if check.state == "failed"]
    points = None if wanted[1] is None else result.points
    return result.state, points, None if wanted[2] is None else failed


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_each_outcome_is_named_rightly_and_nothing_is_left(tmp_path: Path) -> None:
    if walls.missing():
        pytest.skip(f"it would be done to you: {walls.missing()}")
    wanted: dict[str, Outcome] = {}
    for number, (code, files, expected) in enumerate(a_class(), start=1):
        name = f"seckill-{20260000 + number}-student"
        folder = tmp_path / "in" / name / code
        folder.mkdir(parents=True)
        for file, content in files.items():
            (folder / file).write_bytes(content)
        wanted[name] = expected
    assert len(wanted) >= 60
    before = below(os.getpid())  # the servers that other tests share
    paths, misnamed = find_all(tmp_path / "in")
    assert not misnamed
    work = list(pieces(paths, all_homeworks(), tmp_path / "out"))
    results = grade_all(work, 2, 7, lambda result, _: print(result.submission, result.points, result.seconds))
    assert {r.submission: outcome(r, wanted[r.submission]) for r in results} == wanted
    assert not [check for r in results for check in r.checks if check.state == "grader_error"]
    assert not below(os.getpid()) - before
