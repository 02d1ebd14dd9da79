"""A re-grade says whose mark changed and why, and is silent about the rest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from common.cli import main
from homework.grader.regrade import compare
from homework.grader.result import Result
from homework.grader.results import FILE, load_all
from tests.homework import golden, school

Capture = pytest.CaptureFixture[str]


def save(folder: Path, results: list[Result]) -> Path:
    for each in results:
        file = folder / each.submission / each.homework / FILE
        file.parent.mkdir(parents=True)
        file.write_text(each.to_json())
    return folder


def after() -> list[Result]:
    """Another grader, another seed: one check came out otherwise, one student is new, one is gone."""
    again = {"grader": "2", "seed": 8}
    results = [
        school.result(id_, author, states, costs, **again)
        for id_, author, _n, states, costs in school.STUDENTS
    ]
    results[1] = school.result("20260002", "wang", "PPPPPP", **again)
    results[9] = school.result("20260010", "feng", "PPPPPP", **again)
    results[12] = school.result("20260020", "new", "PPPPPP", **again)
    return results


def test_what_changed_is_said_with_its_reasons(tmp_path: Path, capsys: Capture) -> None:
    old, new = save(tmp_path / "old", school.results()), save(tmp_path / "new", after())
    assert main(["class", "compare", str(old), str(new)]) == 1
    golden.check("compare.txt", capsys.readouterr().out)


def test_the_same_results_are_no_change(tmp_path: Path, capsys: Capture) -> None:
    folder = save(tmp_path, school.results())
    assert compare(load_all(folder), load_all(folder)) == []
    assert main(["class", "compare", str(folder), str(folder)]) == 0
    assert capsys.readouterr().out == "marks changed: 0; the same with other checks: 0\n"


def test_new_points_alone_are_said() -> None:
    before = school.result("20260001", "lin", "PPPPPP")
    (change,) = compare([before], [replace(before, points=90)])
    assert (change.before, change.after) == ("100/100", "90/100")
    assert change.why == ("every check came out the same: the points were changed",)


def test_two_checks_that_cancel_out_are_said_though_the_mark_is_the_same() -> None:
    (change,) = compare([school.result("20260001", "lin", "PF")], [school.result("20260001", "lin", "FP")])
    assert not change.mark_changed
    assert len(change.why) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "is no result: homework: Field required"),
        ("[]", "is no result"),
        ("{", "Invalid JSON"),
        (replace(school.results()[0], schema=2).to_json(), "has schema 2, and this program reads 1"),
    ],
)
def test_a_file_that_is_no_result_is_named(tmp_path: Path, text: str, said: str, capsys: Capture) -> None:
    (tmp_path / FILE).write_text(text)
    assert main(["class", "report", str(tmp_path)]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert str(tmp_path / FILE) in told
    assert said in told


def test_a_folder_without_results_is_a_sentence(tmp_path: Path, capsys: Capture) -> None:
    assert main(["class", "report", str(tmp_path)]) == 2
    assert "./seckill grade writes them" in capsys.readouterr().err


def test_report_makes_everything_from_results(tmp_path: Path, capsys: Capture) -> None:
    results = save(tmp_path / "results", school.results())
    assert main(["class", "report", str(results), "--to", str(tmp_path / "out")]) == 0
    made = capsys.readouterr().out.split()
    assert {Path(each).name for each in made} == {
        "report.html",
        "viva.html",
        "leaderboard.html",
        "gradebook.csv",
        "junit.xml",
    }
    assert all(Path(each).stat().st_size for each in made)
