"""Every homework is fair: its starter scores nothing, its solution everything, each mistake fails its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from common.lab.places import ROOT
from homework.grader import desk, markers, repeat
from homework.grader.book import Homework, all_homeworks
from homework.grader.hints import hints
from homework.grader.servers import Servers
from homework.grader.transcripts import Wrong, all_wrong, solution

every_homework = pytest.mark.parametrize("homework", all_homeworks(), ids=lambda each: each.code)
every_mistake = pytest.mark.parametrize(
    "wrong",
    [wrong for homework in all_homeworks() for wrong in all_wrong(homework)],
    ids=lambda wrong: f"{wrong.homework.code}-{wrong.folder.name}",
)
PARTS = (
    "README.md",
    "README.zh.md",
    "hints.en.md",
    "hints.zh.md",
    "checks.py",
    "solution",
    "starter",
    "tests",
)
LEAST_MISTAKES = 6


@every_homework
def test_it_has_all_its_parts(homework: Homework) -> None:
    missing = [part for part in PARTS if not (homework.folder / part).exists()]
    assert not missing
    assert len(all_wrong(homework)) >= LEAST_MISTAKES


@every_homework
def test_its_points_make_a_hundred_and_its_needs_come_first(homework: Homework) -> None:
    assert sum(check.points for check in homework.checks) == 100
    before: set[str] = set()
    for check in homework.checks:
        assert set(check.needs) <= before, f"{check.id} needs what comes after it"
        assert check.task in {task.number for task in homework.tasks}
        before.add(check.id)


@every_homework
def test_its_starter_is_made_from_its_solution(homework: Homework) -> None:
    folder = homework.folder / "starter"
    there = {path.name: path.read_text("utf-8") for path in folder.iterdir() if path.is_file()}
    assert there == markers.expected(homework), "run: python -m homework.grader.markers"


@every_homework
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_task_has_three_hints(homework: Homework, language: str) -> None:
    wanted = {(task.number, level) for task in homework.tasks for level in (1, 2, 3)}
    assert set(hints(homework, language)) == wanted


@every_homework
def test_its_readmes_have_the_same_parts(homework: Homework) -> None:
    def headings(name: str) -> list[str]:
        lines = (homework.folder / name).read_text("utf-8").splitlines()
        return [line.split(" ")[0] for line in lines if line.startswith("#")]

    assert headings("README.md") == headings("README.zh.md")


@pytest.mark.slow
@pytest.mark.timeout(600)
@every_homework
def test_its_public_tests_pass_with_its_solution(homework: Homework, tmp_path: Path) -> None:
    folder, _ = desk.start(homework, tmp_path)
    for name, content in solution(homework).items():
        (folder / name).write_bytes(content)
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout


@every_homework
def test_its_starter_scores_nothing(homework: Homework, servers: Servers) -> None:
    for case in repeat.starters(homework):
        assert not case.run(servers)


@pytest.mark.slow
@pytest.mark.timeout(600)
@every_homework
@pytest.mark.parametrize("seed", [7, 8])
def test_its_solution_scores_everything(homework: Homework, servers: Servers, seed: int) -> None:
    assert not repeat.right(homework, seed).run(servers)


@pytest.mark.slow
@pytest.mark.timeout(600)
@every_mistake
def test_a_mistake_fails_exactly_its_checks(wrong: Wrong, servers: Servers) -> None:
    assert not repeat.mistake(wrong).run(servers)


@every_homework
def test_every_check_is_failed_by_some_mistake(homework: Homework) -> None:
    caught = {check for wrong in all_wrong(homework) for check in wrong.fails}
    assert caught == {check.id for check in homework.checks}
