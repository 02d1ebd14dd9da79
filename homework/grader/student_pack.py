"""What students receive: the whole project, but for solutions, wrong submissions and hidden checks."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from common.lab.places import ROOT

# What is named here and nothing else: instructors keep submissions, rosters and autograders beside it.
FOLDERS = (".ci", ".devcontainer", "common", "deploy", "docs", "homework", "sql", "stages", "tests")
FILES = (
    *(".env.example", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md"),
    *("mkdocs.yml", "mkdocs.zh.yml", "pyproject.toml", "seckill"),
    *("constraints.txt", "requirements.txt", "requirements-dev.txt"),
)
LONG_AGO = (2020, 1, 1, 0, 0, 0)  # the same files give the same zip
TOP = "seckill"


def write(file: Path) -> int:
    """Write the zip; how many files it has. They lie in one folder, and unpack with their modes."""
    count = 0
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for path in given():
            info = ZipInfo(f"{TOP}/{path.relative_to(ROOT).as_posix()}", LONG_AGO)
            mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            info.external_attr, info.compress_type = (stat.S_IFREG | mode) << 16, ZIP_DEFLATED
            archive.writestr(info, path.read_bytes())
            count += 1
    return count


def given() -> Iterator[Path]:
    """The files that students get, in order."""
    inside = (path for name in FOLDERS for path in (ROOT / name).rglob("*"))
    for path in sorted([*(ROOT / name for name in FILES), *inside]):
        if path.is_file() and not path.is_symlink() and not is_kept(path.relative_to(ROOT).parts):
            yield path


def is_kept(parts: tuple[str, ...]) -> bool:
    """Whether a file stays with the instructor, or is left over from a run."""
    if any(part == "__pycache__" or (part.startswith(".") and part.endswith("_cache")) for part in parts):
        return True
    if parts[:2] == ("tests", "homework"):
        return True  # they hold hostile submissions and compare with solutions
    in_homework = len(parts) > 2 and parts[0] == "homework" and parts[1].startswith("hw")
    return in_homework and parts[2] in {"solution", "wrong", "hidden.py"}
