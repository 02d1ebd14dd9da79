"""The stages on disk: what each one is called, claims and needs (its stage.toml), and how to load it."""

from __future__ import annotations

import importlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).parent.parent / "stages"


class NoSuchStage(LookupError):
    """There is no stage of that name; the message lists those there are."""


@dataclass(frozen=True)
class Stage:
    """One stage.toml. `adds` and `drops` name guarantees; what is not dropped is inherited by the next.

    `subjects` are those of `adds` that are about something this stage brings: no stage before it can keep or
    break them.
    """

    name: str
    number: int
    title: dict[str, str]
    minutes: int
    processes: list[str]
    adds: list[str]
    drops: list[str]
    homework: str
    subjects: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """The short name: s05."""
        return self.name[:3]

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    @property
    def app(self) -> str:
        """Where a web server finds the Flask factory."""
        return f"stages.{self.name}.app:create_app"

    def load(self) -> ModuleType:
        """Import the stage's app module, which has `create_shop` and `create_app`."""
        return importlib.import_module(f"stages.{self.name}.app")


@cache
def all_stages() -> tuple[Stage, ...]:
    """Every stage, in order."""
    return tuple(_read(file) for file in sorted(FOLDER.glob("s*/stage.toml")))


def find(name: str) -> Stage:
    """The stage called s05, 5, 05 or s05_redis_stock."""
    wanted = name.strip().lower().removeprefix("s").split("_")[0]
    for stage in all_stages():
        if wanted.isascii() and wanted.isdigit() and int(wanted) == stage.number:
            return stage
    raise NoSuchStage(f"there is no stage {name!r}; there are {', '.join(s.name for s in all_stages())}")


def newest() -> Stage:
    return all_stages()[-1]


def guarantees(stage: Stage) -> list[str]:
    """What the stage keeps: everything added up to it and not dropped since, in the order of adding."""
    kept: list[str] = []
    for each in all_stages():
        if each.number > stage.number:
            break
        kept = [name for name in kept if name not in each.drops] + each.adds
    return kept


def has_subject(guarantee: str, stage: Stage) -> bool:
    """Whether there is anything at this stage that the guarantee could be about."""
    return all(stage.number >= each.number for each in all_stages() if guarantee in each.subjects)


def _read(file: Path) -> Stage:
    return Stage(name=file.parent.name, **tomllib.loads(file.read_text()))
