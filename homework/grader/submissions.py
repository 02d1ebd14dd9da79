"""What was handed in: a folder or zip named `seckill-<id>-<author>`, with hwNN/ folders or just the files."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from homework.grader import names
from homework.grader.book import Homework, all_homeworks
from homework.grader.desk import DeskError
from homework.grader.fingerprint import fingerprint
from homework.grader.grading import LARGEST_FILE, Submission
from homework.grader.names import WrongName

MOST_FILES = 1000


@dataclass(frozen=True)
class HandedIn:
    """One submission as it came. `files` by path inside it; `trouble` is why it cannot be opened, if so."""

    name: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    trouble: str = ""

    def of(self, homework: Homework) -> dict[str, bytes]:
        """The files of one homework: those in its folder, or those that lie loose under the right names."""
        wanted = set(homework.files)
        parts = {PurePosixPath(path): content for path, content in self.files.items()}
        inside = {
            p.name: c for p, c in parts.items() if p.parent.name.lower() == homework.code and p.name in wanted
        }
        return inside or {p.name: c for p, c in parts.items() if str(p.parent) == "." and p.name in wanted}

    @property
    def is_empty(self) -> bool:
        """Whether it can be opened, and has no file that any homework asks for."""
        return not self.trouble and not any(map(self.of, all_homeworks()))

    def submission(self, homework: Homework) -> Submission:
        name = names.parse(self.name)
        return Submission(self.name, name.id, name.author, self.of(homework), self.trouble)


def find_all(path: Path) -> tuple[list[Path], list[WrongName]]:
    """The submissions in a folder, or `path` itself if it is one; and what has a wrong name there.

    Raises `WrongName`, which proposes the nearest right one, or `DeskError` when there is nothing to grade.
    """
    if path.is_file() or names.is_meant(path.name):
        names.of_path(path)
        return [path], []
    right, wrong = [], []
    for each in sorted(path.iterdir()):
        is_folder = each.is_dir() and not each.name.startswith((".", "__"))
        if is_folder or each.suffix == ".zip" or names.is_meant(each.name):
            try:
                names.of_path(each)
                right.append(each)
            except WrongName as error:
                wrong.append(error)
    if not right:
        first = f" {wrong[0].message}." if wrong else ""
        raise DeskError(
            f"There is no submission in {path}: folders or zips named seckill-<id>-<author>.{first}"
        )
    return right, wrong


def opened(path: Path) -> HandedIn:
    """Read it. Links are not followed, and what is too large is cut off: a file says so when it is graded."""
    name = path.name.removesuffix(".zip")
    try:
        files = dict(in_zip(path) if path.is_file() else in_folder(path))
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, ValueError) as error:
        return HandedIn(name, trouble=f"{path.name} cannot be opened: {error}.")
    return HandedIn(name, files)


def in_zip(path: Path) -> Iterable[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()][:MOST_FILES]
        top = {PurePosixPath(entry.filename).parts[0] for entry in entries}
        for entry in entries:
            parts = PurePosixPath(entry.filename).parts
            inner = parts[1:] if len(top) == 1 and len(parts) > 1 and not is_code(parts[0]) else parts
            if len(inner) <= 2:
                with archive.open(entry) as file:
                    yield "/".join(inner), file.read(LARGEST_FILE + 1)


def in_folder(path: Path) -> Iterable[tuple[str, bytes]]:
    for each in sorted([*path.glob("*"), *path.glob("*/*")])[:MOST_FILES]:
        if each.is_file() and not each.is_symlink() and not each.parent.is_symlink():
            with each.open("rb") as file:
                yield each.relative_to(path).as_posix(), file.read(LARGEST_FILE + 1)


def is_code(name: str) -> bool:
    """Whether a folder is called as a homework is: hw02."""
    return name.lower().startswith("hw") and name[2:].isdigit()


def digest(homework: Homework, submission: Submission, seed: int) -> str:
    """Changes with grader, homework, seed and files: a result with the same digest still holds."""
    hashed = hashlib.sha256(f"{fingerprint()} {seed} {submission.trouble}".encode())
    own = [each for each in sorted(homework.folder.glob("*.*")) if each.suffix in {".py", ".toml"}]
    for name, content in [
        *((each.name, each.read_bytes()) for each in own),
        *sorted(submission.files.items()),
    ]:
        hashed.update(f"\0{name}\0{len(content)}\0".encode() + content)
    return hashed.hexdigest()
