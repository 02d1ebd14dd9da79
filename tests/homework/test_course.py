"""course.toml is read exactly, and marks follow its rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from homework.grader.course import load, write_example
from homework.grader.marks import late_days, mark, total
from homework.grader.mistakes import Mistake
from tests.homework import school

RESULT = school.result("20260001", "lin", "PPPPPP")


def received(time: str) -> dict[tuple[str, str], str]:
    return {("20260001", "hw02"): time}


@pytest.mark.parametrize(
    ("handed_in", "days", "percent"),
    [
        ("2026-10-12T23:59:00", 0, 100),
        ("2026-10-13T00:14:00", 0, 100),  # within the grace
        ("2026-10-13T00:14:01", 1, 90),
        ("2026-10-13T23:59:00", 1, 90),
        ("2026-10-13T23:59:01", 2, 80),
        ("2026-10-15T23:59:00", 3, 70),
        ("2026-10-16T00:00:00", 4, 0),  # after the last day
        ("2026-10-12T16:00:00+00:00", 0, 100),  # one minute late in Shanghai: another offset is understood
        ("2026-10-12T17:00:00+00:00", 1, 90),
    ],
)
def test_a_day_begun_is_a_day_late(handed_in: str, days: int, percent: float) -> None:
    course = school.course(received=received(handed_in))
    assert late_days(RESULT, course) == days
    assert mark(RESULT, course).percent == percent


def test_an_extension_moves_the_due_time_of_one_student() -> None:
    extensions = [{"id": "20260001", "homework": "hw02", "days": 2}]
    late = received("2026-10-14T12:00:00")
    assert late_days(RESULT, school.course(received=late)) == 2
    assert late_days(RESULT, school.course(received=late, extensions=extensions)) == 0


def test_who_is_not_in_the_table_is_in_time() -> None:
    assert late_days(RESULT, school.course(received={})) == 0


def test_the_total_is_weighted_and_counts_what_is_missing_as_nothing() -> None:
    course = school.course(
        homework={"hw01": {"due": "2026-10-01T00:00:00", "weight": 3}, "hw02": {"due": "2026-10-01T00:00:00"}}
    )
    right = mark(RESULT, school.course(received={}))
    unmarked = mark(school.result("20260001", "lin", "E", state="grader_error"), course)
    assert total({"hw01": None, "hw02": right}, course) == 25
    assert total({"hw01": unmarked, "hw02": right}, course) == 100
    assert total({}, course) is None


def test_the_example_can_be_read(tmp_path: Path) -> None:
    files = write_example(tmp_path / "autumn")
    course = load(files[0])
    assert course.roster[0].name == "林小明"
    assert course.handed_in("20260001", "hw01")
    with pytest.raises(Mistake, match="exists; name a folder that has none"):
        write_example(tmp_path / "autumn")


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("course.toml", "title = ", "is not TOML"),
        ("course.toml", "titel = 'x'", "titel: Extra inputs are not permitted"),
        ("course.toml", "timezone = 'Mars/Olympus'", "write it like Asia/Shanghai"),
        ("course.toml", "roster = 'no.csv'", "no.csv cannot be read"),
        ("course.toml", "[late]\npercent_per_day = 200", "late.percent_per_day"),
        ("roster.csv", "id,name\n1,x\n", "has no column author"),
        ("roster.csv", "id,author\n20260001,Lin\n", "rename it to seckill-20260001-lin"),
        ("received.csv", "id,homework,received_at\n20260001,hw01,yesterday\n", "received"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(tmp_path: Path, file: str, text: str, said: str) -> None:
    write_example(tmp_path)
    (tmp_path / file).write_text(text)
    with pytest.raises(Mistake) as wrong:
        load(tmp_path / "course.toml")
    assert said in wrong.value.message
    assert str(tmp_path) in wrong.value.message


def test_a_spreadsheets_byte_order_mark_is_no_part_of_a_column(tmp_path: Path) -> None:
    write_example(tmp_path)
    (tmp_path / "roster.csv").write_text("\ufeffid,author\r\n20260007,zhou\r\n")
    assert load(tmp_path / "course.toml").roster[0].id == "20260007"
