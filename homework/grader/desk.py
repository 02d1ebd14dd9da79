"""A student's own folder: homework is started in it, checked in it, and packed from it."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from common.lab.errors import LabError
from homework.grader.book import Homework, all_homeworks

DESK = Path("mine")  # in the current folder, unless told otherwise


class DeskError(LabError):
    """Something is not where it should be. The text is a sentence with its remedy."""


def start(homework: Homework, desk: Path) -> tuple[Path, list[str]]:
    """Copy the starter and the public tests; the folder, and the files that were there already and stay."""
    folder = desk / homework.code
    kept = []
    for source, target in (("starter", folder), ("tests", folder / "tests")):
        target.mkdir(parents=True, exist_ok=True)
        for path in sorted((homework.folder / source).glob("*.*")):
            if (target / path.name).exists():
                kept.append(path.name)
            else:
                shutil.copy(path, target / path.name)
    return folder, kept


def files_of(homework: Homework, folder: Path) -> dict[str, bytes]:
    """The student's files of one homework: those that homework.toml names and that are there."""
    found = {name: folder / name for name in homework.files}
    return {
        name: path.read_bytes() for name, path in found.items() if path.is_file() and not path.is_symlink()
    }


def changed_tests(homework: Homework, folder: Path) -> list[str]:
    """The public tests that are not as they were handed out. That is allowed: the grader uses its own."""
    given = [
        path
        for path in sorted((homework.folder / "tests").glob("*.py"))
        if (folder / "tests" / path.name).exists()
    ]
    return [path.name for path in given if (folder / "tests" / path.name).read_bytes() != path.read_bytes()]


def started(homework: Homework, desk: Path) -> Path:
    """The folder of a homework that has been started; `DeskError` says how to start it."""
    folder = desk / homework.code
    if not folder.is_dir():
        raise DeskError(f"There is no {folder}: begin with `./seckill homework start {homework.number:02}`.")
    return folder


def pack(name: str, desk: Path, into: Path) -> Path:
    """The submission `name` as a zip: every homework that was started, only the files that are asked for."""
    target = into / f"{name}.zip"
    begun = [homework for homework in all_homeworks() if (desk / homework.code).is_dir()]
    if not begun:
        raise DeskError(f"There is no homework in {desk}: begin with `./seckill homework start 01`.")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for homework in begun:
            for file, content in files_of(homework, desk / homework.code).items():
                archive.writestr(f"{name}/{homework.code}/{file}", content)
    return target
