"""A class of sixty and more, right, wrong, broken and hostile, graded by the command: each outcome is named
rightly, nothing is left behind, and nobody is graded twice.

All homeworks are in it; of each one's mistakes a few, drawn with SEED (test_homeworks.py tries them all).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random

import pytest

from common.cli import main
from common.lab import keeper, places
from homework.grader import servers, walls
from homework.grader.book import all_homeworks, find
from homework.grader.result import Result
from homework.grader.transcripts import all_wrong, solution
from tests.cli.conftest import below
from tests.homework.hostile import BROKEN, IN_CALL, IN_FILE, in_call

SEED = 60
MISTAKES = 3  # of each homework
Outcome = tuple[str, int | None, list[str] | None]  # state, points, failed checks; None: any
NOBODYS = "seckill-20269999-lost"
Tree = dict[Path, bytes]


def a_class() -> Iterator[tuple[str, Mapping[str, bytes], Outcome]]:
    """Homework, files, and what has to come of it."""
    draw = Random(SEED)
    for homework in all_homeworks():
        starter = {name: (homework.folder / "starter" / name).read_bytes() for name in homework.files}
        yield homework.code, starter, ("graded", 0, [])
        yield homework.code, solution(homework), ("graded", 100, [])
        for wrong in draw.sample(all_wrong(homework), MISTAKES):
            yield homework.code, wrong.submission().files, ("graded", None, wrong.fails)
    for body in IN_CALL.values():
        yield "hw02", {"swap.py": in_call(body)}, ("graded", 0, ["swaps"])
    for text in IN_FILE.values():
        yield "hw02", {"swap.py": text.encode() + b"\n"}, ("graded", 0, ["swaps"])
    for code, _ in BROKEN.values():
        yield "hw02", {"swap.py": code}, ("broken", 0, [check.id for check in find("02").checks])


def hand_in(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for file, content in files.items():
        (folder / file).write_bytes(content)


def outcome(result: Result, wanted: Outcome) -> Outcome:
    """What came of it, as far as `wanted` says anything."""
    failed = [check.id for check in result.checks if check.state == "failed"]
    points = None if wanted[1] is None else result.points
    return result.state, points, None if wanted[2] is None else failed


def tree(folder: Path) -> Tree:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def that_carry(mark: Path) -> list[int]:
    """The processes in whose environment a folder is named: what a lab started, wherever it hangs now."""
    found = []
    for pid in keeper.processes():
        try:
            if os.fsencode(mark) in Path(f"/proc/{pid}/environ").read_bytes():
                found.append(pid)
        except OSError:
            continue  # it has ended
    return found


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where this process and its labs keep all that is to be gone in the end: servers with their databases,
    sandboxes, whatever `tempfile` makes. A folder of its own, as others use /tmp and /dev/shm meanwhile."""
    with tempfile.TemporaryDirectory(prefix="sixty-", dir=places.in_memory()) as folder:
        monkeypatch.setattr(servers, "in_memory", lambda: Path(folder))
        monkeypatch.setattr(places, "runs_base", lambda: Path(folder))
        monkeypatch.setattr(tempfile, "tempdir", folder)
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_each_outcome_is_named_rightly_nothing_is_left_and_nobody_is_graded_twice(
    tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if walls.missing():
        pytest.skip(f"it would be done to you: {walls.missing()}")
    folder, results, elsewhere = tmp_path / "in", tmp_path / "out", tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    wanted: dict[str, Outcome] = {}
    for number, (code, files, expected) in enumerate(a_class(), start=1):
        name = f"seckill-{20260000 + number}-student"
        hand_in(folder / name / code, files)
        wanted[name] = expected
    assert len(wanted) >= 60
    hand_in(folder / NOBODYS / "my homework", {"swap.py": b"1"})
    handed_in, before = tree(folder), below(os.getpid())  # the servers that other tests share

    def grade() -> str:
        assert main(["grade", str(folder), "--to", str(results)]) == 1, "somebody is not graded"
        assert not below(os.getpid()) - before
        assert not that_carry(scratch)
        assert {path.name for path in scratch.rglob("*")} <= {"sweep.lock"}
        assert not list(elsewhere.iterdir())
        assert tree(folder) == handed_in
        return capsys.readouterr().out

    said = " ".join(grade().split())
    assert f"not graded: {NOBODYS} has no file of any homework" in said
    graded = [Result.read(file) for file in results.rglob("result.json")]
    assert {each.submission: outcome(each, wanted[each.submission]) for each in graded} == wanted
    assert not [check for each in graded for check in each.checks if check.state == "grader_error"]

    first = tree(results)
    assert grade().count("(graded before)") == len(wanted)
    assert tree(results) == first
