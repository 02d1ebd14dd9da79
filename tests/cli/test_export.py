"""`./seckill export`: a stage in a folder of its own runs, and passes its own tests there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from common.cli import main
from common.exporting import NoRoom, closure, export
from common.lab.places import HOME
from common.stages import find, newest
from tests.cli.conftest import clean_environment

STAGE = "s05"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / STAGE
    export(find(STAGE), folder)
    HOME.mkdir(exist_ok=True)
    (folder / ".lab").symlink_to(HOME)  # the servers are unpacked already
    return folder


def run_in(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env=clean_environment(PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_holds_the_stages_up_to_it_and_nothing_of_those_above(copy: Path) -> None:
    names = {path.name for path in (copy / "stages").iterdir() if path.is_dir()}
    assert find(STAGE).name in names
    assert not any(name.startswith("s06") for name in names)
    assert not (copy / "sql" / "s06_queue.sql").exists()
    assert not (copy / "homework").exists() and not (copy / "docs").exists()
    read_me = (copy / "README.md").read_text()
    assert "- `stages/s02_guarded_update/retry.py`" in read_me, "what it builds on is named"
    assert "- `stages/s02_guarded_update/variants.py`" not in read_me, "and only that"


def test_its_command_line_offers_what_is_there(copy: Path) -> None:
    said = run_in(copy, "common.cli", "--help")
    assert "\n  explore " in said and "\n  crash " in said
    assert "homework" not in said and "bench" not in said
    assert "7 COMMIT" in run_in(copy, "common.cli", "crash", STAGE)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_stage_passes_its_tests_there(copy: Path) -> None:
    said = run_in(copy, "pytest", "-q", "-p", "no:cacheprovider", f"tests/stages/test_{find(STAGE).name}.py")
    assert " passed" in said and "failed" not in said


@pytest.mark.parametrize("code", ["s01", newest().code])
def test_every_stage_can_be_taken_out(code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / code
    assert main(["export", code, str(folder)]) == 0
    assert f"{find(code).name} is in {folder}" in capsys.readouterr().out
    assert (folder / "seckill").stat().st_mode & 0o100, "it can be started"
    assert (folder / "stages" / find(code).name / "app.py").exists()


def test_what_is_in_a_folder_already_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(NoRoom):
        export(find("s01"), tmp_path)
    assert main(["export", "s01", str(tmp_path)]) == 2
    assert "choose another folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_closure_follows_imports_inside_functions_and_packages() -> None:
    found = closure(["common.cli.up"])
    assert "common.room.phones" in found, "imported inside the command, by way of a package"
    assert "common" in found and "common.cli" in found
    assert "click" not in found, "not ours"
    assert not any(name.startswith("stages.") for name in found)
