"""Every export is what it was decided to be, and says the truth about a class."""

from __future__ import annotations

import csv
import json
import re
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest

from homework.grader.course import Course
from homework.grader.exports import write_exports
from homework.grader.exports.gradebook import gradebook
from homework.grader.exports.gradescope import gradescope
from homework.grader.exports.junit import junit
from homework.grader.exports.picture import Picture
from homework.grader.mistakes import Mistake
from homework.grader.words import sentences
from tests.homework import golden, school

DAY = date(2026, 10, 15)
AUTHORS = ("20260001-lin", "20260002-wang", "20260010-feng", "20260011-chen")  # right, failed, broken, error
CHARS = "a\x00b\x1b[31m]]>&<\ud800"


@pytest.fixture(params=["en", "zh"])
def exported(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    course = school.course(language=request.param)
    write_exports(school.results(), tmp_path, course, DAY, {"hw02": school.PAIRS})
    return tmp_path


def test_every_export_is_as_it_was_decided(exported: Path) -> None:
    language = "zh" if 'lang="zh"' in (exported / "report.html").read_text() else "en"
    for name in ("report.html", "viva.html", "leaderboard.html"):
        golden.check(f"{language}/{name}", (exported / name).read_text())
    for name in ("gradebook.csv", "junit.xml"):
        golden.check(name, (exported / name).read_bytes().decode())
    for author in AUTHORS:
        file = f"gradescope/seckill-{author}-hw02.json"
        golden.check(file, (exported / file).read_text())


@pytest.mark.parametrize("author", AUTHORS)
def test_a_result_is_as_it_was_decided(author: str) -> None:
    (result,) = [each for each in school.results() if each.submission == f"seckill-{author}"]
    golden.check(f"results/seckill-{author}-hw02.json", result.to_json())


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    for folder, results in ((tmp_path / "a", school.results()), (tmp_path / "b", school.results()[::-1])):
        write_exports(results, folder, school.course(), DAY)
    for file in (tmp_path / "a").rglob("*.*"):
        assert file.read_bytes() == (tmp_path / "b" / file.relative_to(tmp_path / "a")).read_bytes()


def test_the_pages_load_nothing_and_run_nothing(exported: Path) -> None:
    for page in exported.glob("*.html"):
        text = page.read_text()
        assert not re.search(r"""<script|<link|<img|@import|url\(|https?://|\son\w+=""", text), page.name


def test_what_a_student_wrote_is_shown_as_text(tmp_path: Path) -> None:
    bad = "<script>alert(1)</script> `<b>` **<i>**"
    result = school.result("20260001", "lin", "", message=bad)
    write_exports([result], tmp_path, school.course(title=bad), DAY)
    text = (tmp_path / "report.html").read_text()
    assert "&lt;script&gt;alert(1)" in text
    assert "<script" not in text
    assert "<i>" not in text


def test_junit_survives_any_character(tmp_path: Path) -> None:
    text = junit([school.result("20260001", "lin", "", message=CHARS)])
    error = ElementTree.fromstring(text.encode()).find(".//error")
    assert error is not None
    assert error.get("message") == "a�b�[31m]]>&<�"


def test_junit_counts_what_it_says() -> None:
    root = ElementTree.fromstring(junit(school.results()).encode())
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.get("tests", "")) == len(cases) > 0
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(attribute, "")) == len(suite.findall(f".//{tag}"))
    assert {"failure", "error", "skipped"} <= {element.tag for element in root.iter()}


def rows(text: str) -> dict[str, dict[str, str]]:
    return {row["id"]: row for row in csv.DictReader(text.removeprefix("\ufeff").splitlines())}


def test_the_gradebook_has_the_whole_roster_and_who_is_not_on_it() -> None:
    table = rows(gradebook(school.results(), school.course()))
    assert list(table) == [str(20260000 + n) for n in [*range(1, 15), 99]]
    assert table["20260099"]["on_roster"] == "no"
    assert (table["20260014"]["hw02"], table["20260014"]["total"]) == ("", "0.00")


def test_the_gradebook_leaves_to_a_person_what_the_grader_could_not_do() -> None:
    failed = school.result("20260001", "lin", "EEEEEE", state="grader_error", of=0)
    row = rows(gradebook([failed], school.course()))["20260001"]
    assert (row["hw02"], row["total"]) == ("?", "")


@pytest.mark.parametrize("name", ["=cmd()", "+1", "-1", "@A1"])
def test_no_name_is_run_by_a_spreadsheet(name: str) -> None:
    course = Course.model_validate({"roster": [{"id": "20260001", "author": "lin", "name": name}]})
    assert rows(gradebook([school.result("20260001", "lin", "P")], course))["20260001"]["name"] == f"'{name}"


def test_a_failing_grader_costs_no_points_at_gradescope() -> None:
    chen = gradescope([school.result("20260011", "chen", "PPPPEP")])
    assert chen["score"] == 100
    assert sum(test["score"] for test in chen["tests"]) == 75
    assert "score" not in gradescope([school.result("20260011", "chen", "EEEEEE", state="grader_error")])


def test_gradescope_gets_costs_of_the_perfect_only() -> None:
    assert [
        each["order"]
        for each in gradescope([school.result("20260001", "lin", "PPPPPP", (4, 4, 9))])["leaderboard"]
    ] == ["asc"] * 3
    assert gradescope([school.result("20260002", "wang", "PPPPFS", (5, 5, 9))])["leaderboard"] == []


def test_a_leaderboard_shares_ranks_and_skips() -> None:
    picture = Picture.of("hw02", school.results(), school.course(), [])
    trips = picture.boards["round_trips"]
    assert [(place.rank, place.result.author, place.value) for place in trips] == [
        (1, "lin", 4),
        (1, "sun", 4),
        (3, "wei", 5),
    ]


def test_the_report_names_the_commonest_failure_first() -> None:
    picture = Picture.of("hw02", school.results(), school.course(), [])
    commonest = picture.failing[0]
    assert (commonest.check.id, len(commonest.failed), commonest.blocked) == ("no_deadlock", 4, 2)
    assert [row.result.author for row in picture.by_hand] == ["feng", "chen"]
    assert [student.author for student in picture.missing] == ["jiang"]


def test_results_of_another_grader_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="was graded by version 1, and the course is pinned to 2"):
        write_exports(school.results(), tmp_path / "out", school.course(grader="2"), DAY)
    assert not (tmp_path / "out").exists()


def test_both_languages_say_the_same_things() -> None:
    english, chinese = sentences("en"), sentences("zh")
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", chinese[key])), key


def test_gradescope_documents_are_json(exported: Path) -> None:
    files = list((exported / "gradescope").iterdir())
    assert len(files) == len(school.STUDENTS)
    for file in files:
        told = json.loads(file.read_text())
        assert all(test["score"] <= test["max_score"] for test in told["tests"])
