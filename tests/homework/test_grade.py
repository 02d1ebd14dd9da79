"""`./seckill grade` and `./seckill homework`: what comes in, what goes out, what stays."""

from __future__ import annotations

import io
import os
import threading
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from rich.console import Console

from common.cli import main
from common.lab.places import ROOT
from homework.grader import fingerprint, student_pack, walls
from homework.grader.book import find
from homework.grader.grading import Wish
from homework.grader.report import show_end
from homework.grader.result import BrokenResult, Result
from homework.grader.submissions import find_all, opened
from tests.homework import school
from tests.homework.hostile import IN_CALL, in_call

Capture = pytest.CaptureFixture[str]
HW02 = find("02")


def hand_in(folder: Path, name: str, code: bytes) -> Path:
    target = folder / name / "hw02"
    target.mkdir(parents=True)
    (target / "swap.py").write_bytes(code)
    return folder / name


def starter() -> bytes:
    return (HW02.folder / "starter" / "swap.py").read_bytes()


def zipped(folder: Path, name: str, files: dict[str, bytes]) -> Path:
    target = folder / f"{name}.zip"
    with zipfile.ZipFile(target, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return target


def test_a_mixed_folder_is_graded_and_each_outcome_named(tmp_path: Path, capsys: Capture) -> None:
    folder, results = tmp_path / "in", tmp_path / "out"
    hand_in(folder, "seckill-20260001-lin", starter())
    hand_in(folder, "seckill-20260002-wang", b"class Swap\n")
    hand_in(folder, "seckill-20260003-wu", in_call(IN_CALL["ends_the_process"]))
    (folder / "seckill-20260004-li.zip").write_bytes(b"no zip")
    zipped(folder, "seckill-20260005-zhao", {"seckill-20260005-zhao/hw02/swap.py": starter()})
    (folder / "notes.txt").write_text("not a submission")
    assert main(["grade", "--without-walls", str(folder), "--to", str(results), "--homework", "02"]) == 0
    states = {file.parent.parent.name: Result.read(file).state for file in results.rglob("result.json")}
    assert states == {
        "seckill-20260001-lin": "graded",
        "seckill-20260002-wang": "broken",
        "seckill-20260003-wu": "graded",
        "seckill-20260004-li": "broken",
        "seckill-20260005-zhao": "graded",
    }
    said = capsys.readouterr().out
    assert "swap.py has a syntax error in line 1" in said
    assert "seckill-20260004-li.zip cannot be opened" in said
    assert "graded before" not in said

    hand_in(folder, "seckill-20260006-sun", starter())
    assert main(["grade", "--without-walls", str(folder), "--to", str(results), "--homework", "02"]) == 0
    said = capsys.readouterr().out
    assert said.count("graded before") == 5, "what had been graded was graded again"
    assert "seckill-20260006-sun hw02: 0 of 100 ○○○○○○○\n" in said


def test_the_graders_own_code_is_parsed_by_one_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []

    def parsed(names: Iterable[str]) -> dict[str, str]:
        threads.append(threading.current_thread())
        return {}

    for number in range(4):
        hand_in(tmp_path / "in", f"seckill-{20260001 + number}-lin", starter())
    monkeypatch.setattr(fingerprint, "closure", parsed)
    fingerprint.fingerprint.cache_clear()
    try:
        argv = ["grade", "--without-walls", str(tmp_path / "in"), "--to", str(tmp_path / "out")]
        assert main(argv) == 0
    finally:
        fingerprint.fingerprint.cache_clear()  # it is not that of this test
    assert threads == [threading.main_thread()]


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"hw02/swap.py": b"1"}, {"swap.py": b"1"}),
        ({"seckill-1-x/HW02/swap.py": b"1"}, {"swap.py": b"1"}),
        ({"swap.py": b"1"}, {"swap.py": b"1"}),
        ({"../../swap.py": b"1", "/etc/passwd": b"1"}, {}),
        ({"hw02/other.py": b"1"}, {}),
    ],
)
def test_a_zip_gives_the_files_that_are_asked_for(
    tmp_path: Path, files: dict[str, bytes], found: dict[str, bytes]
) -> None:
    assert opened(zipped(tmp_path, "seckill-1-x", files)).of(HW02) == found


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    folder = hand_in(tmp_path, "seckill-1-x", b"")
    (folder / "hw02" / "swap.py").unlink()
    (folder / "hw02" / "swap.py").symlink_to("/etc/passwd")
    assert opened(folder).of(HW02) == {}


def test_a_zip_bomb_is_cut_off(tmp_path: Path) -> None:
    file = zipped(tmp_path, "seckill-1-x", {"hw02/swap.py": b"#" * (64 << 20)})
    assert len(opened(file).of(HW02)["swap.py"]) == (256 << 10) + 1


def test_where_no_walls_can_be_built_it_says_what_helps(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(tmp_path / "in", "seckill-20260001-lin", starter())
    monkeypatch.setattr(walls, "missing", lambda: "No walls can be built here.")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["grade", str(tmp_path / "in"), "--to", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "Nothing was graded. No walls can be built here.\nWhat helps is one of these:" in said
    assert not (tmp_path / "out").exists()


def test_a_folder_without_submissions_is_said_to_be_one(tmp_path: Path, capsys: Capture) -> None:
    assert main(["grade", "--without-walls", str(tmp_path)]) == 2
    assert "There is no submission in" in capsys.readouterr().err


def test_who_handed_in_nothing_that_is_looked_for_is_named(tmp_path: Path, capsys: Capture) -> None:
    hand_in(tmp_path / "in", "seckill-20260001-lin", starter())
    (hand_in(tmp_path / "in", "seckill-20260002-wang", starter()) / "hw02").rename(
        tmp_path / "in" / "seckill-20260002-wang" / "hw02_swap"
    )
    zipped(tmp_path / "in", "seckill-20260003-zhao", {})
    (tmp_path / "in" / "seckill-20260004-qian.rar").write_bytes(b"Rar!")
    assert main(["grade", "--without-walls", str(tmp_path / "in"), "--to", str(tmp_path / "out")]) == 1
    said = " ".join(capsys.readouterr().out.split())
    for name in ("seckill-20260002-wang", "seckill-20260003-zhao.zip"):
        assert f"not graded: {name} has no file of any homework" in said
    assert "not graded: 'seckill-20260004-qian.rar' is no name" in said


def test_a_homework_is_begun_checked_and_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["homework", "check", "02"]) == 2
    assert "begin with `./seckill homework start 02`" in capsys.readouterr().err
    assert main(["homework", "start", "02"]) == 0
    mine = tmp_path / "mine" / "hw02" / "swap.py"
    mine.write_text("# mine\n")
    assert main(["homework", "start", "02"]) == 0
    assert mine.read_text() == "# mine\n"
    assert main(["homework", "pack", "--id", "20260001", "--author", "Lin"]) == 2
    assert "rename it to seckill-20260001-lin" in " ".join(capsys.readouterr().err.split())
    assert main(["homework", "pack", "--id", "20260001", "--author", "lin"]) == 0
    [packed], _wrong = find_all(tmp_path / "seckill-20260001-lin.zip")
    assert opened(packed).of(HW02) == {"swap.py": b"# mine\n"}


def test_a_check_tells_of_changed_tests_and_ends_with_the_sum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["homework", "start", "02"]) == 0
    (tmp_path / "mine" / "hw02" / "tests" / "test_swap.py").write_text("")
    assert main(["homework", "check", "02", "--task", "1"]) == 1
    said = capsys.readouterr().out
    assert "tests/test_swap.py is not as you got it; the grader uses its own.\n" in said
    assert "hw02, task 1: 0 of 40 points, seed 7\n" in said
    assert "Stuck on swaps? ./seckill homework hint 02 1\n" in said


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (Wish(), "hw02: 65 of 100 points"),
        (Wish(task=3), "hw02, task 3: 0 of 35 points"),
        (Wish(check="no_oversell"), "hw02, no_oversell: 25 of 25 points"),
        (Wish(task=1, check="swaps"), "hw02, task 1, swaps: 10 of 10 points"),
    ],
)
def test_the_sum_is_of_what_was_asked_for(wish: Wish, said: str) -> None:
    page = io.StringIO()
    show_end(Console(file=page), HW02, school.result("20260002", "wang", "PPPPFS"), wish)
    assert f"{said}, seed 7\n" in page.getvalue()


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["check", "99"], "there is no homework '99'"),
        (["check", "02", "--check", "no"], "there are swaps, takes_as_many"),
        (["check", "02", "--schedule", "AB"], "--schedule needs --check"),
        (["check", "02", "--task", "9"], "hw02 has no task 9; it has 1, 2, 3"),
        (["hint", "02", "9"], "hw02 has no task 9; it has 1, 2, 3"),
    ],
)
def test_a_wrong_word_is_answered_with_a_sentence(words: list[str], advice: str, capsys: Capture) -> None:
    assert main(["homework", *words]) == 2
    assert advice in " ".join(capsys.readouterr().err.split())


def test_the_list_names_every_homework(capsys: Capture) -> None:
    assert main(["homework", "list"]) == 0
    assert "hw02  Swap size M for L (把 M 码换成 L 码), s02, 60 min ★★" in capsys.readouterr().out


def test_a_hint_says_how_to_get_more(capsys: Capture) -> None:
    assert main(["homework", "hint", "02", "3"]) == 0
    assert "./seckill homework hint 02 3 --level 2" in capsys.readouterr().out


STAFF = ("/solution/", "/wrong/", "hidden.py", "tests/homework", "__pycache__")


def test_students_get_no_solution_and_no_hidden_check(tmp_path: Path) -> None:
    count = student_pack.write(tmp_path / "pack.zip")
    with zipfile.ZipFile(tmp_path / "pack.zip") as archive:
        names = archive.namelist()
    assert len(names) == count
    assert "seckill/homework/hw02_swap/starter/swap.py" in names
    assert "seckill/homework/hw02_swap/checks.py" in names
    assert "seckill/seckill" in names
    assert not [name for name in names if any(part in name for part in (*STAFF, "/.git/", "/.lab/"))]


@pytest.mark.parametrize("folder", ["common", "deploy", "docs", "homework", "sql", "stages", "tests"])
def test_students_get_all_the_rest_of_the_project(folder: str) -> None:
    ours = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()}
    given = {path.relative_to(ROOT).as_posix() for path in student_pack.given()}
    assert sorted(name for name in ours - given if not any(part in name for part in STAFF)) == []


def test_students_do_not_get_what_an_instructor_keeps_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(student_pack, "ROOT", tmp_path)
    ours = {"seckill", "common/shop.py", "stages/s03_cache/app.py", "docs/results/demo.json"}
    beside = {"roster.csv", "hw02.zip", "handed-in/seckill-1-x/hw02/swap.py", "mine/hw02/swap.py", ".env"}
    for name in ours | beside | {".git/config", "common/.mypy_cache/x", "common/__pycache__/shop.pyc"}:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert {path.relative_to(tmp_path).as_posix() for path in student_pack.given()} == ours


def test_a_result_is_read_back_as_it_was_written() -> None:
    result = Result("hw02", "seckill-1-x", "1", "x", 7, "2030-01-01T12:00:00+00:00", message="换码")
    assert Result.from_json(result.to_json()) == result


Spoil = Callable[[str], str]


@pytest.mark.parametrize(
    "spoil", [lambda text: text[:-9], lambda _: "[]", lambda text: text.replace('"schema": 1', '"schema": 2')]
)
def test_a_broken_result_is_said_to_be_one(spoil: Spoil) -> None:
    result = Result("hw02", "seckill-1-x", "1", "x", 7, "2030-01-01T12:00:00+00:00")
    with pytest.raises(BrokenResult):
        Result.from_json(spoil(result.to_json()))
