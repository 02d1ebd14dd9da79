"""Check-ins: what is wrong is found and said, what is right passes, and who is stuck is seen."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from common.cli import main
from common.lab.places import ROOT
from homework.grader.book import Homework, find
from homework.grader.checkin_commands import table
from homework.grader.checkins.entry import HEADINGS, WrongEntry, parse_entry, read
from homework.grader.checkins.kept import FOLDER, MOST, began, keep
from homework.grader.checkins.lint import files, lint
from homework.grader.checkins.prefill import Day, fill_in, look, write_new
from homework.grader.checkins.report import summarize
from homework.grader.mistakes import Mistake
from homework.grader.names import Name
from homework.grader.result import Result
from homework.grader.results import both
from homework.grader.submissions import opened
from homework.grader.transcripts import all_wrong, solution
from tests.homework import golden, school

LIN, WANG = Name("20260001", "lin"), Name("20260002", "wang")
THURSDAY = date(2026, 10, 15)
DAY = timedelta(days=1)
Write = Callable[..., Path]


def text(day: object, name: object = LIN, tick: str = "x", **answers: str) -> str:
    said = {
        "chapters": f"s02, half of it, on {day}",
        "problems": f"Two buyers got the last unit in the code of {name} on {day}.",
        "solved": f"I moved the condition into the UPDATE and ran the explorer on {day} as {name}.",
        "gained": f"A transaction is no guard, and {name} can say why since {day}.",
    } | answers
    parts = [f"## {heading}\n{said[question]}\n" for question, heading in HEADINGS.items()]
    parts[2] += f"- [{tick}] solved · 已解决\n"
    return f"# Check-in {day} · {name}\n\n" + "\n".join(parts)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def one(day: object = THURSDAY, name: Name = LIN, file: str | None = None, **answers: str) -> Path:
        path = tmp_path / str(name) / "checkins" / (file or f"{day}.md")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(day, name, **answers))
        return path

    return one


def faults(folder: Path, today: date = THURSDAY) -> list[str]:
    return [f"{fault.file.name}: {fault.sentence}" for fault in lint(files(folder), today)[1]]


def test_a_right_check_in_has_no_fault(tmp_path: Path, write: Write) -> None:
    write()
    good, wrong = lint(files(tmp_path), THURSDAY)
    assert not wrong
    assert [(entry.name, entry.day, entry.chapters, entry.stuck) for entry in good] == [
        (LIN, THURSDAY, ["s02"], False)
    ]


@pytest.mark.parametrize("question", HEADINGS)
@pytest.mark.parametrize(
    "answer", ["", "   \n", "-", "。", "> s02_guarded_update: 3 files", "<!-- What? -->"]
)
def test_an_empty_answer_is_named(tmp_path: Path, write: Write, question: str, answer: str) -> None:
    write(**{question: answer})
    assert [fault for fault in faults(tmp_path) if f"“{HEADINGS[question]}” is empty" in fault]  # type: ignore[index]


@pytest.mark.parametrize("none", ["none", "None.", "无", "没有遇到问题。", "no problem"])
def test_where_there_was_no_problem_none_had_to_be_solved(tmp_path: Path, write: Write, none: str) -> None:
    write(problems=none, solved="", tick=" ")
    assert not faults(tmp_path)
    assert not lint(files(tmp_path), THURSDAY)[0][0].stuck


def test_tomorrow_is_refused(tmp_path: Path, write: Write) -> None:
    write(THURSDAY + DAY)
    assert faults(tmp_path) == [
        "2026-10-16.md: 2026-10-16 is in the future, today is 2026-10-15; write about a day when it is over"
    ]


def test_a_second_one_for_a_day_is_refused_and_the_first_stays(tmp_path: Path, write: Write) -> None:
    write()
    write(file="2026-10-15-b.md", gained="Something quite different was learned here.")
    assert faults(tmp_path) == [
        "2026-10-15.md: there is a check-in for 2026-10-15 already, 2026-10-15-b.md; put both into one file",
    ]


def test_one_copied_from_the_day_before_is_refused(tmp_path: Path, write: Write) -> None:
    write(THURSDAY - DAY)
    copied = write().parent / "2026-10-15.md"
    copied.write_text(text(THURSDAY - DAY).replace("Check-in 2026-10-14", "Check-in 2026-10-15"))
    assert faults(tmp_path) == [
        "2026-10-15.md: 3 of its 3 sentences are your own of 2026-10-14; write what was new"
    ]


def test_one_copied_from_another_student_is_refused_in_other_letters_too(
    tmp_path: Path, write: Write
) -> None:
    write(THURSDAY - DAY)
    stolen = text(THURSDAY - DAY).replace(f"{THURSDAY - DAY} · {LIN}", f"{THURSDAY} · {WANG}")
    write(name=WANG).write_text(stolen.replace("guard", "GUARD").replace(".", "！"))
    assert faults(tmp_path) == [
        "2026-10-15.md: 3 of its 3 sentences are seckill-20260001-lin's of 2026-10-14; write what was new"
    ]


def test_a_sentence_that_comes_again_is_no_copy(tmp_path: Path, write: Write) -> None:
    same = "The explorer found one more schedule."
    write(THURSDAY - DAY, problems=same)
    write(problems=same)
    assert not faults(tmp_path)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("", "the first line has to be like"),
        ("# Check-in yesterday · seckill-20260001-lin\n", "the first line has to be like"),
        (text("2026-13-01"), "2026-13-01 is no day"),
        (text(THURSDAY, "Seckill-20260001-林"), "rename it to seckill-20260001-lin"),
        (text(THURSDAY).replace("What I gained · 有什么收获", "More"), "“## More” is none of"),
        (
            text(THURSDAY).replace("## What I gained · 有什么收获", "### What I gained"),
            "there is no heading “## What I gained",
        ),
        (text(THURSDAY) + "## 有什么收获\nx\n", "is there twice"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(wrong: str, said: str) -> None:
    with pytest.raises(Mistake) as refused:
        parse_entry(Path("2026-10-15.md"), wrong)
    assert said in refused.value.message


def test_headings_are_known_in_either_language() -> None:
    for part in (0, 1):
        told = text(THURSDAY)
        for heading in HEADINGS.values():
            told = told.replace(heading, heading.split(" · ")[part])
        assert parse_entry(Path("x.md"), told).answers["gained"].startswith("A transaction")


def test_a_full_width_title_is_understood() -> None:
    told = text(THURSDAY).replace("2026-10-15 ·", "２０２６－１０－１５ ·", 1)
    assert parse_entry(Path("x.md"), told).day == THURSDAY


def test_a_file_that_is_no_text_is_a_fault_and_no_crash(tmp_path: Path, write: Write) -> None:
    write().write_bytes(b"\xff\xfe\x00")
    assert "it is not UTF-8 text" in faults(tmp_path)[0]


def test_a_file_named_after_another_day_is_refused(tmp_path: Path, write: Write) -> None:
    write(file="2026-10-14.md")
    assert "its title says 2026-10-15; rename the file to 2026-10-15.md" in faults(tmp_path)[0]


# What `new` fills in


def test_a_new_one_has_the_days_work_and_no_answer() -> None:
    early = school.result("20260001", "lin", "PPFSFS")
    late = school.result("20260001", "lin", "PPPPFS", started_at="2026-10-15T07:20:00+00:00")
    work = Day(
        ["1a2b3c4 Guard the row"], ["hw02/swap.py", "stages/s02_guarded_update/checkout.py"], [early, late]
    )
    told = fill_in(LIN, THURSDAY, work)
    golden.check("checkin.md", told.replace(f"{began(late):%H:%M}", "HH:MM"))
    entry = parse_entry(Path("2026-10-15.md"), told)
    assert not any(entry.answers.values())
    assert entry.chapters == ["hw02", "s02"]
    assert not entry.solved


@pytest.mark.skipif(not shutil.which("git"), reason="there is no git here")
def test_the_days_work_is_found_in_git_and_in_results(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    commit(tmp_path, "hw01/audit.py", "Yesterday's", "2026-10-14T12:00:00")
    commit(tmp_path, "stages/s02_guarded_update/中文.py", "Today's", "2026-10-15T12:00:00")
    (tmp_path / "result.json").write_text(
        school.result("20260001", "lin", "P", started_at="2026-10-15T12:00:00Z").to_json()
    )
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "result.json").write_text("{}")
    work = look(tmp_path, THURSDAY)
    assert [each.split(" ", 1)[1] for each in work.commits] == ["Today's"]
    assert work.files == ["stages/s02_guarded_update/中文.py"]
    assert [each.homework for each in work.results] == ["hw02"]


def test_ones_own_checks_are_found_and_not_handed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    homework = find("01")
    monkeypatch.chdir(tmp_path)
    assert main(["homework", "start", "01"]) == 0
    mine = tmp_path / "mine" / "hw01"
    (wrong,) = [each for each in all_wrong(homework) if each.folder.name == "closes_inclusive"]
    for submission, passes in ((wrong.submission().files, False), (solution(homework), True)):
        for name, content in submission.items():
            (mine / name).write_bytes(content)
        assert main(["homework", "check", "01"]) == (0 if passes else 1)
        time.sleep(1.1)  # results are told apart by the second in which they began
    assert main(["homework", "check", "01", "--task", "1"]) == 0
    assert [Result.read(file).points for file in sorted((mine / FOLDER).iterdir())] == [95, 100]

    assert main(["checkin", "new", "--name", str(LIN)]) == 0
    told = (tmp_path / "checkins" / f"{date.today()}.md").read_text()
    assert [check for check in wrong.fails if f"> hw01: {both(title(homework, check))} passes since" in told]
    assert main(["homework", "pack", "--id", LIN.id, "--author", LIN.author]) == 0
    packed = opened(tmp_path / f"{LIN}.zip")
    assert set(packed.files) == {f"hw01/{name}" for name in homework.files}
    assert opened(tmp_path / "mine").of(homework) == solution(homework)
    assert not list(tmp_path.rglob("result.json")), "a class report would take it for the grader's"


def title(homework: Homework, check: str) -> dict[str, str]:
    return next(each.title for each in homework.checks if each.id == check)


def test_of_ones_own_checks_the_same_is_kept_once_a_day_and_not_for_ever(tmp_path: Path) -> None:
    def check(minute: int, states: str, day: int = 15) -> None:
        began_at = f"2026-10-{day}T{minute // 60:02}:{minute % 60:02}:00+00:00"
        keep(school.result("", "", states, started_at=began_at), tmp_path)

    check(600, "PPFSFS", day=14)
    for minute, states in (
        (600, "PPFSFS"),
        (601, "PPFSFS"),
        (602, "PPPPFS"),
        (603, "PPPPPF"),
        (604, "PPPPPF"),
    ):
        check(minute, states)
    told = fill_in(LIN, THURSDAY, look(tmp_path, THURSDAY))
    assert [each.started_at[11:16] for each in look(tmp_path, THURSDAY).results] == [
        "10:00",
        "10:02",
        "10:03",
    ]
    assert re.findall(r"(\w+) · .* passes since \d\d:(\d\d)", told) == [("oversold", "02"), ("end", "03")]

    (tmp_path / FOLDER / "2026-10-01.json.new").write_text("cut o")
    for minute in range(MOST):
        check(605 + minute, "PF"[minute % 2])
    there = sorted((tmp_path / FOLDER).iterdir())
    assert len(there) == MOST
    assert Result.read(there[-1]).started_at == "2026-10-15T10:54:00+00:00"


@pytest.mark.skipif(not shutil.which("git"), reason="there is no git here")
def test_ones_own_checks_are_no_commit() -> None:
    path = f"mine/hw02/{FOLDER}/2026.json"
    said = subprocess.run(["git", "check-ignore", path], cwd=ROOT, capture_output=True, check=False)
    if said.returncode == 128:
        pytest.skip("this is no repository")
    assert said.returncode == 0


@pytest.mark.skipif(not shutil.which("git"), reason="there is no git here")
def test_a_project_that_was_just_handed_out_is_nobodys_work(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    commit(tmp_path, "stages/s09_permits/door.py", "As we got it", "2026-10-15T11:00:00")
    commit(tmp_path, "mine/hw02/swap.py", "Guard the row", "2026-10-15T12:00:00")
    work = look(tmp_path, THURSDAY)
    assert [each.split(" ", 1)[1] for each in work.commits] == ["Guard the row"]
    assert parse_entry(Path("x.md"), fill_in(LIN, THURSDAY, work)).chapters == ["hw02"]


def test_without_git_there_is_less_to_fill_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert look(tmp_path, THURSDAY) == Day([], [], [])


def test_what_is_written_already_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "checkins" / "2026-10-15.md"
    write_new(file, "mine")
    with pytest.raises(Mistake, match="go on writing in it"):
        write_new(file, "new")
    assert file.read_text() == "mine"


def git(folder: Path, *words: str, **env: str) -> None:
    who = ["-c", "user.name=lin", "-c", "user.email=lin@example.org"]
    subprocess.run(
        ["git", *who, *words], cwd=folder, check=True, env={"PATH": "/usr/bin:/bin", "TZ": "UTC", **env}
    )


def commit(folder: Path, file: str, message: str, when: str) -> None:
    (folder / file).parent.mkdir(parents=True)
    (folder / file).write_text("x")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", message, GIT_AUTHOR_DATE=when, GIT_COMMITTER_DATE=when)


# What `report` says


def test_streaks_chapters_and_who_is_stuck(tmp_path: Path, write: Write) -> None:
    for ago in (0, 1, 2, 5):  # Thursday, Wednesday, Tuesday, and Saturday before a missed Monday
        write(THURSDAY - ago * DAY, chapters=f"s0{1 + ago % 3} and hw02")
    for ago, tick in ((1, " "), (2, " "), (3, "x")):
        write(THURSDAY - ago * DAY, WANG, tick=tick)
    lines = summarize(lint(files(tmp_path), THURSDAY)[0], THURSDAY)
    assert [(line.name, line.days, line.streak, line.longest, line.stuck_days) for line in lines] == [
        (WANG, 3, 3, 3, 3),
        (LIN, 4, 3, 3, 0),
    ]
    assert lines[1].chapters == ("hw02", "s01", "s02", "s03")
    assert lines[0].needs_help
    assert lines[0].stuck_since == THURSDAY - 2 * DAY


def test_stuck_today_is_not_yet_two_days_and_silence_does_not_help(tmp_path: Path, write: Write) -> None:
    write(tick=" ")
    entries = lint(files(tmp_path), THURSDAY)[0]
    assert not summarize(entries, THURSDAY)[0].needs_help
    assert summarize(entries, THURSDAY + DAY)[0].needs_help


def test_a_weekend_breaks_no_streak_and_a_working_day_does(tmp_path: Path, write: Write) -> None:
    friday, monday = THURSDAY + DAY, THURSDAY + 4 * DAY
    write(friday)
    write(monday)
    entries = lint(files(tmp_path), monday)[0]
    assert summarize(entries, monday)[0].streak == 2
    assert summarize(entries, monday + DAY)[0].streak == 2  # today is not over
    assert summarize(entries, monday + 2 * DAY)[0].streak == 0


# The commands


def test_new_then_lint_then_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["checkin", "new"]) == 2
    assert "say who you are the first time" in capsys.readouterr().err
    assert main(["checkin", "new", "--name", str(LIN), "--day", "2026-10-14"]) == 0
    assert main(["checkin", "lint"]) == 1
    assert capsys.readouterr().out.count("is empty") == 4
    Path("checkins/2026-10-14.md").write_text(text("2026-10-14", tick=" "))
    assert main(["checkin", "new", "--day", "2026-10-15"]) == 0
    assert read(Path("checkins/2026-10-15.md")).name == LIN
    capsys.readouterr()
    assert main(["checkin", "report"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("stuck for ")
    assert "1 left out: ./seckill checkin lint says why" in said


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2026/10/5", "did you mean 2026-10-05?"),
        ("２０２６－１０－０５", "did you mean 2026-10-05?"),
        ("2026年10月5日", "did you mean 2026-10-05?"),
        ("yesterday", "write it as year-month-day"),
        ("2026-02-31", "write it as year-month-day"),
        ("9999-01-01", "is in the future"),
    ],
)
def test_a_day_is_understood_or_proposed(day: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["checkin", "new", "--name", str(LIN), "--day", day]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_folder_that_is_not_there_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["checkin", "lint", "no-such-folder"]) == 2
    assert "is no folder" in capsys.readouterr().err


def test_wrong_entries_are_a_kind_of_mistake() -> None:
    assert issubclass(WrongEntry, Mistake)


def test_the_report_is_as_it_was_decided(tmp_path: Path, write: Write) -> None:
    for ago in range(4):
        write(THURSDAY - ago * DAY, chapters=f"s0{1 + ago} and hw02")
        write(THURSDAY - ago * DAY, WANG, tick=" x"[ago > 1])
    told = Console(width=100, file=StringIO())
    told.print(table(summarize(lint(files(tmp_path), THURSDAY)[0], THURSDAY)))
    assert isinstance(told.file, StringIO)
    golden.check("checkins.txt", told.file.getvalue())
