"""From what was handed in to what an instructor reads: the commands together, on real servers."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from common.cli import main
from common.lab.places import ROOT
from homework.grader.book import find
from homework.grader.exports import gradescope_run
from homework.grader.exports.autograder import write_autograder
from homework.grader.names import Name
from homework.grader.submissions import find_all
from tests.homework import golden

Capture = pytest.CaptureFixture[str]
STARTER = find("hw02").folder / "starter" / "swap.py"


def hand_in(folder: Path, name: str, code: bytes) -> Path:
    (folder / name / "hw02").mkdir(parents=True)
    (folder / name / "hw02" / "swap.py").write_bytes(code)
    return folder / name


def test_grading_a_folder_ends_with_everything_for_the_class(tmp_path: Path, capsys: Capture) -> None:
    hand_in(tmp_path / "in", "seckill-20260001-lin", STARTER.read_bytes())
    hand_in(tmp_path / "in", "seckill-20260002-wang", b"def (\n")
    hand_in(tmp_path / "in", "Seckill_20260003_赵强", STARTER.read_bytes())
    (tmp_path / "in" / "notes.txt").write_text("no submission")
    main(["class", "new", str(tmp_path / "course")])
    course = str(tmp_path / "course" / "course.toml")
    assert (
        main(
            [
                "grade",
                "--without-walls",
                str(tmp_path / "in"),
                "--to",
                str(tmp_path / "out"),
                "--course",
                course,
            ]
        )
        == 1
    )
    said = " ".join(capsys.readouterr().out.split())
    assert "not graded: 'Seckill_20260003_赵强' is no name" in said
    assert "rename it to seckill-20260003-zhaoqiang" in said
    report = (tmp_path / "out" / "report.html").read_text()
    assert "林小明" in report
    assert "swap.py has a syntax error in line 1" in report
    gradebook = (tmp_path / "out" / "gradebook.csv").read_text()
    assert "20260001,lin,林小明,A,yes,0.00,0,0.00" in gradebook
    assert "20260002,wang,,,no,0.00,0,0.00" in gradebook


def test_a_single_submission_with_a_wrong_name_is_answered_with_the_right_one(
    tmp_path: Path, capsys: Capture
) -> None:
    path = hand_in(tmp_path, "SECKILL-20260001-Lin", STARTER.read_bytes())
    (zipped := tmp_path / "Seckill 20260001 lin.zip").write_bytes(b"")
    for each in (path, zipped):
        assert main(["grade", "--without-walls", str(each), "--to", str(tmp_path / "out")]) == 2
        assert "rename it to seckill-20260001-lin" in " ".join(capsys.readouterr().err.split())


def test_a_folder_and_its_zips_are_found_and_the_rest_is_named(tmp_path: Path) -> None:
    for name in ("seckill-20260001-lin", "seckill-20260002-wang", "other", ".git", "__MACOSX"):
        hand_in(tmp_path, name, b"")
    shutil.make_archive(str(tmp_path / "seckill-20260003-zhao"), "zip", tmp_path / "other")
    right, wrong = find_all(tmp_path)
    assert [path.name for path in right] == [
        "seckill-20260001-lin",
        "seckill-20260002-wang",
        "seckill-20260003-zhao.zip",
    ]
    assert len(wrong) == 1
    assert "'other' is no name" in wrong[0].message


# Gradescope


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """Gradescope's folder, with a submission of loose files."""
    (tmp_path / "submission").mkdir()
    (tmp_path / "submission" / "swap.py").write_bytes(STARTER.read_bytes())
    user = {"id": 12, "name": "Xiaoming Lin", "email": "lin@example.org"}
    (tmp_path / "submission_metadata.json").write_text(json.dumps({"users": [user]}))
    return tmp_path


def test_the_autograder_has_what_gradescope_asks_for_and_what_grading_needs(tmp_path: Path) -> None:
    file = tmp_path / "hw02.zip"
    count = write_autograder("hw02", file)
    with ZipFile(file) as archive:
        names = archive.namelist()
        assert len(names) == count == len(set(names))
        assert {"setup.sh", "run_autograder", "seckill", "requirements.txt", "constraints.txt"} <= set(names)
        modes = {name: stat.S_IMODE(archive.getinfo(name).external_attr >> 16) for name in names}
        assert modes["run_autograder"] == modes["seckill"] == 0o755
        assert b" hw02 " in archive.read("run_autograder")
        assert not [
            name for name in names if name.startswith(("tests/", "docs/", ".")) or "__pycache__" in name
        ]
        golden.check("autograder.txt", "\n".join(sorted({name.split("/")[0] for name in names})) + "\n")
    before = file.read_bytes()
    write_autograder("2", file)
    assert file.read_bytes() == before


def test_the_autograder_of_an_unknown_homework_names_those_there_are(tmp_path: Path, capsys: Capture) -> None:
    assert main(["class", "autograder", "hw99", str(tmp_path / "x.zip")]) == 2
    assert "there are hw" in capsys.readouterr().err


def test_run_autograder_grades_from_the_unpacked_zip(box: Path) -> None:
    """As Gradescope does it, but for its image: the files of the zip, and this Python for its .venv."""
    source = box / "source"
    write_autograder("hw02", box / "hw02.zip")
    with ZipFile(box / "hw02.zip") as archive:
        archive.extractall(source)
    (source / ".venv" / "bin").mkdir(parents=True)
    (source / ".venv" / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    for program in (source / "run_autograder", source / ".venv" / "bin" / "python"):
        program.chmod(0o755)
    if (ROOT / ".lab").exists():
        (source / ".lab").symlink_to(ROOT / ".lab")
    env = os.environ | {"AUTOGRADER": str(box)}
    run = subprocess.run([source / "run_autograder"], env=env, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    told = json.loads((box / "results" / "results.json").read_text())
    assert told["score"] == 0
    assert {test["output"] for test in told["tests"]} == {"swap.py is as you got it."}


def test_a_student_is_known_by_the_folder_or_else_by_the_account(box: Path, tmp_path: Path) -> None:
    assert gradescope_run.who(box) == Name("0012", "xiaominglin")
    assert gradescope_run.collect(box, tmp_path / "a").name == "seckill-0012-xiaominglin"
    hand_in(box / "submission", "seckill-20260001-lin", b"")
    assert gradescope_run.collect(box, tmp_path / "b").name == "seckill-20260001-lin"
    (box / "submission_metadata.json").write_text("{}")
    assert gradescope_run.who(box) == gradescope_run.NOBODY


def test_when_the_grader_fails_at_gradescope_there_is_no_score(
    box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MYSQL_URL", "mysql://root@127.0.0.1:1/")
    told = gradescope_run.run("hw77", box)
    assert "score" not in told
    assert "hw77" in told["output"]


def test_the_students_workflow_runs_commands_that_exist() -> None:
    import yaml

    steps = yaml.safe_load((ROOT / "homework" / "student-ci.yml").read_text())["jobs"]["check"]["steps"]
    run = "\n".join(step.get("run", "") for step in steps)
    assert "./seckill homework check" in run
    assert "./seckill checkin lint" in run
    assert main(["homework", "check", "--help"]) == main(["checkin", "lint", "--help"]) == 0


def test_what_a_student_has_begun_reaches_the_workflow(tmp_path: Path) -> None:
    """Nothing of `mine` is ignored by git; and a repository in which nothing is begun has nothing wrong."""
    import yaml

    assert "mine" not in (ROOT / ".gitignore").read_text()
    steps = yaml.safe_load((ROOT / "homework" / "student-ci.yml").read_text())["jobs"]["check"]["steps"]
    [loop] = [step["run"] for step in steps if "homework check" in step.get("run", "")]
    subprocess.run(["bash", "-e", "-c", loop], cwd=tmp_path, check=True)
