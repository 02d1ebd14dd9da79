"""What the grader found about one submission and one homework: its result.json, schema version 1.

Whatever is made for a class (gradebook, reports, leaderboards) is made from these files alone, so that it can
be made again at any time without grading again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from homework.grader.mistakes import Mistake
from homework.grader.names import Name

SCHEMA = 1
FILE = "result.json"
Language = Literal["en", "zh"]
State = Literal["passed", "failed", "skipped", "not_started", "grader_error"]


class Part(BaseModel):
    """Unknown keys are left alone: a newer grader of the same schema may add some."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Title(Part):
    en: str
    zh: str

    def __str__(self) -> str:
        return f"{self.en} · {self.zh}"


class Check(Part):
    """One check of a homework, and how it came out. `schedule`, `diagram` and `replay` show how to see it."""

    id: str
    task: int
    title: Title
    state: State
    points: float
    of: float
    message: str | None = None
    expected: Any = None
    seen: Any = None
    schedule: str | None = None
    diagram: str | None = None
    replay: str | None = None

    @property
    def counts(self) -> bool:
        """A grader error never costs points: such a check is left out of what can be had."""
        return self.state != "grader_error"


class Costs(Part):
    round_trips: int
    sql: int
    bytes: int


class Step(Part):
    actor: str
    server: str
    command: str
    reply: str


class Trace(Part):
    """One playing of the student's code: who moved when, and what the servers said."""

    schedule: str
    steps: tuple[Step, ...]


class Result(Part):
    """One result.json. `points` of `of` are as graded, before any late policy."""

    schema_: Literal[1]
    grader: str
    homework: str
    submission: str
    id: str
    author: str
    seed: int
    started_at: datetime
    seconds: float
    points: float
    of: float
    state: Literal["graded", "broken", "grader_error"]
    message: str | None = None
    checks: tuple[Check, ...] = ()
    costs: Costs | None = None
    traces: tuple[Trace, ...] = ()

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=lambda name: name.rstrip("_"))

    @property
    def name(self) -> Name:
        return Name(self.id, self.author)

    @property
    def share(self) -> float | None:
        """The points as a share of those that could be had, 0 to 1; None if the grader could give none."""
        return self.points / self.of if self.of and self.state != "grader_error" else None

    @property
    def perfect(self) -> bool:
        return self.state == "graded" and self.share == 1 and all(check.counts for check in self.checks)

    def stuck_at(self) -> Check | None:
        """The first check that failed: what to talk about first."""
        return next((check for check in self.checks if check.state == "failed"), None)


def load(file: Path) -> Result:
    """One result; raises `Mistake` for a file that is none, naming the first field that is wrong."""
    try:
        return Result.model_validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise Mistake(
            f"{file} is no result of schema {SCHEMA}: {where}: {first['msg']}; grade the submission again"
        ) from None
    except OSError as error:
        raise Mistake(f"{file} cannot be read: {error.strerror}") from None


def load_all(folder: Path) -> list[Result]:
    """Every result.json below a folder, by homework and then by student."""
    results = in_order(load(file) for file in sorted(folder.rglob(FILE)))
    if not results:
        raise Mistake(f"there is no {FILE} below {folder}; ./seckill grade writes them")
    return results


def in_order(results: Iterable[Result]) -> list[Result]:
    return sorted(results, key=lambda result: (result.homework, result.name))
