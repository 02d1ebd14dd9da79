"""The transcripts of the wrong submissions: what a student with that mistake reads.

Written by `python -m homework.grader.transcripts HOMEWORK [NAME…]`, and looked at by a person before they are
committed. The tests demand the same text again.
"""

from __future__ import annotations

import io
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from homework.grader.book import Homework, find
from homework.grader.grading import Submission, grade
from homework.grader.report import show_check, show_end
from homework.grader.result import Result
from homework.grader.servers import Servers, own_servers


@dataclass(frozen=True)
class Wrong:
    """One wrong submission: solution/ with the files of its folder laid over it."""

    homework: Homework
    folder: Path
    why: str
    fails: list[str]

    @property
    def golden(self) -> Path:
        return self.folder / "golden.txt"

    def submission(self) -> Submission:
        files = solution(self.homework)
        for name in self.homework.files:
            if (changed := self.folder / name).exists():
                files[name] = changed.read_bytes()
        return Submission(self.folder.name, "", "", files)


def solution(homework: Homework) -> dict[str, bytes]:
    return {name: (homework.folder / "solution" / name).read_bytes() for name in homework.files}


def all_wrong(homework: Homework) -> list[Wrong]:
    """Every wrong submission of a homework, by name."""
    files = sorted((homework.folder / "wrong").glob("*/wrong.toml"))
    return [Wrong(homework, file.parent, **tomllib.loads(file.read_text("utf-8"))) for file in files]


def transcript(homework: Homework, result: Result) -> str:
    """What the terminal shows, as plain text."""
    page = io.StringIO()
    console = Console(file=page, width=100, highlight=False)
    for check in result.checks:
        show_check(console, check)
    show_end(console, homework, result)
    return page.getvalue()


def write(homework: Homework, names: list[str], servers: Servers) -> None:
    for wrong in all_wrong(homework):
        if names and wrong.folder.name not in names:
            continue
        result = grade(homework, wrong.submission(), servers)
        wrong.golden.write_text(transcript(homework, result), "utf-8")
        failed = [check.id for check in result.checks if check.state == "failed"]
        agrees = "as listed" if failed == wrong.fails else f"but wrong.toml lists {wrong.fails}"
        sys.stdout.write(f"{wrong.folder.name}: fails {failed}, {agrees}\n")


if __name__ == "__main__":
    with own_servers() as servers:
        write(find(sys.argv[1]), sys.argv[2:], servers)
