"""The homeworks on disk: what each homework.toml says, and where its parts are."""

from __future__ import annotations

import importlib.util
import sys
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import RLock
from types import ModuleType

from common.lab.errors import LabError

FOLDER = Path(__file__).parent.parent
LOADING = RLock()  # who is loaded may load what is beside it


class NoSuchHomework(LabError):
    """There is no homework of that name; the message lists those there are."""


@dataclass(frozen=True)
class Task:
    """One task of a homework. `files` are the student's own that its checks look at."""

    number: int
    title: dict[str, str]
    files: list[str]


@dataclass(frozen=True)
class CheckSpec:
    """One check as homework.toml has it. `needs` names checks that must pass before this one is tried."""

    id: str
    task: int
    title: dict[str, str]
    points: int
    needs: list[str] = field(default_factory=list)
    hidden: bool = False


@dataclass(frozen=True)
class Homework:
    """One homework.toml."""

    name: str
    number: int
    title: dict[str, str]
    stage: str
    minutes: int
    difficulty: int
    tasks: list[Task]
    checks: list[CheckSpec]

    @property
    def code(self) -> str:
        """The short name: hw02."""
        return self.name[:4]

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    @property
    def files(self) -> list[str]:
        """What a student hands in."""
        return sorted({name for task in self.tasks for name in task.files})

    def task(self, number: int) -> Task:
        """`NoSuchHomework` when there is none of that number."""
        for task in self.tasks:
            if task.number == number:
                return task
        there = ", ".join(str(task.number) for task in self.tasks)
        raise NoSuchHomework(f"{self.code} has no task {number}; it has {there}")


@cache
def all_homeworks() -> tuple[Homework, ...]:
    """Every homework, in order."""
    return tuple(read(file.parent) for file in sorted(FOLDER.glob("hw*/homework.toml")))


def find(name: str) -> Homework:
    """The homework called hw02, 2, 02 or hw02_swap."""
    wanted = name.strip().lower().removeprefix("hw").split("_")[0]
    for homework in all_homeworks():
        if wanted.isascii() and wanted.isdigit() and int(wanted) == homework.number:
            return homework
    raise NoSuchHomework(
        f"there is no homework {name!r}; there are {', '.join(h.code for h in all_homeworks())}"
    )


def read(folder: Path) -> Homework:
    """The homework in this folder. Wrong names of keys are said by Python's own errors: authors read them."""
    said = tomllib.loads((folder / "homework.toml").read_text("utf-8"))
    tasks = [Task(**task) for task in said.pop("tasks")]
    checks = [CheckSpec(**check) for check in said.pop("checks")]
    return Homework(name=folder.name, tasks=tasks, checks=checks, **said)


def load(path: Path) -> ModuleType:
    """A module of a homework, by its path: one and the same for all threads."""
    with LOADING:
        return _load(path)


@cache
def _load(path: Path) -> ModuleType:
    name = f"{path.parent.name}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = sys.modules[name] = importlib.util.module_from_spec(spec)  # dataclasses look there
    spec.loader.exec_module(module)
    return module


def beside(file: str, name: str) -> ModuleType:
    """For hidden.py: `checks = beside(__file__, "checks")` is the module checks.py in the same folder."""
    return load(Path(file).with_name(f"{name}.py"))
