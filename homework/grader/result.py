"""result.json, schema version 1: what grading one homework of one submission came to."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from homework.grader import VERSION
from homework.grader.names import Name

SCHEMA = 1

State = Literal["passed", "failed", "skipped", "not_started", "grader_error"]


class BrokenResult(ValueError):
    """A result.json that cannot be read; the text says why."""


@dataclass
class CheckResult:
    """What became of one check. A `grader_error` takes its points out of `of`: it never costs the student."""

    id: str
    task: int
    title: dict[str, str]
    state: State
    points: int
    of: int
    message: str | None = None
    expected: Any = None
    seen: Any = None
    schedule: str | None = None
    diagram: str | None = None
    replay: str | None = None

    @property
    def counts(self) -> bool:
        """Whether its points can be had."""
        return self.state != "grader_error"


@dataclass
class Costs:
    """What one successful operation of the student's cost: the leaderboards count these, never time."""

    round_trips: int
    sql: int
    bytes: int


@dataclass
class Trace:
    """One schedule that was played with the student's code; a step is {actor, server, command, reply}.

    `title` says what was played: two of them may have the same schedule.
    """

    schedule: str
    steps: list[dict[str, str]]
    title: str = ""


@dataclass
class Result:
    """One homework of one submission. `state` is `broken` when a file could not be used (see `message`)."""

    homework: str
    submission: str
    id: str
    author: str
    seed: int
    started_at: str
    seconds: float = 0.0
    points: int = 0
    of: int = 0
    state: Literal["graded", "broken", "grader_error"] = "graded"
    message: str | None = None
    checks: list[CheckResult] = field(default_factory=list)
    costs: Costs | None = None
    traces: list[Trace] = field(default_factory=list)
    grader: str = VERSION
    schema: int = SCHEMA

    @property
    def name(self) -> Name:
        return Name(self.id, self.author)

    @property
    def share(self) -> float | None:
        """The points as a share of those that could be had, 0 to 1; None if the grader could give none."""
        return self.points / self.of if self.of and self.state != "grader_error" else None

    @property
    def perfect(self) -> bool:
        """Every check is passed, and none was left out."""
        return self.state == "graded" and self.share == 1 and all(check.counts for check in self.checks)

    @property
    def stuck_at(self) -> CheckResult | None:
        """The first check that failed: what to talk about first."""
        return next((check for check in self.checks if check.state == "failed"), None)

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The opposite of `to_json`. `BrokenResult` on anything else, a newer schema too."""
        try:
            said = json.loads(text)
            if said["schema"] != SCHEMA:
                raise BrokenResult(
                    f"its schema is version {said['schema']}; this grader reads version {SCHEMA}"
                )
            checks = [CheckResult(**check) for check in said.pop("checks")]
            traces = [Trace(**trace) for trace in said.pop("traces")]
            costs = said.pop("costs")
            return cls(checks=checks, traces=traces, costs=costs and Costs(**costs), **said)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BrokenResult(f"this is no result.json: {error}") from error

    @classmethod
    def read(cls, path: Path) -> Self:
        return cls.from_json(path.read_text("utf-8"))
