"""course.toml: who is in the class, when homework is due, what lateness costs, and which grader counts.

`EXAMPLE` below says what there is. Who is in no row of `received` counts as in time. A word that is not known
is an error: a misspelt one would be a rule that nobody follows.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from homework.grader.mistakes import Mistake
from homework.grader.names import Name, WrongName, parse
from homework.grader.results import Language

EXAMPLE = """\
title = "High-concurrency systems"
language = "en"                 # of the reports: en or zh
timezone = "Asia/Shanghai"      # of times that name no offset
# grader = "1"                  # pin it: results of another version are then refused
roster = "roster.csv"           # columns id, author, name, and group if you like
received = "received.csv"       # columns id, homework, received_at: what your platform says

[late]
grace_minutes = 15
percent_per_day = 10            # of the points, for each day begun
days = 5                        # after so many days: nothing

[homework.hw01]
due = 2026-10-12T23:59:00
weight = 1

[[extensions]]
id = "20260001"
homework = "hw01"
days = 3
why = "ill"
"""
TABLES = {
    "roster.csv": "id,author,name,group\n20260001,lin,林小明,A\n",
    "received.csv": "id,homework,received_at\n20260001,hw01,2026-10-14T08:00:00\n",
}


def _zone(text: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(text))
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{text!r} is no timezone; write it like Asia/Shanghai") from None


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Late(Part):
    grace_minutes: float = Field(default=0, ge=0)
    percent_per_day: float = Field(default=0, ge=0, le=100)
    days: int = Field(default=7, ge=0)


class Due(Part):
    due: datetime
    weight: float = Field(default=1, gt=0)


class Extension(Part):
    id: str
    homework: str
    days: float
    why: str = ""


class Student(Part):
    """A row of the roster. `name` is how the student is called; `author` is what the submission says."""

    id: str
    author: str
    name: str = ""
    group: str = ""

    @model_validator(mode="after")
    def check(self) -> Self:
        try:
            parse(str(self.key))
        except WrongName as wrong:
            raise ValueError(wrong.message) from None
        return self

    @property
    def key(self) -> Name:
        return Name(self.id, self.author)


class Course(Part):
    """One class. `Course()` is a class of whoever hands in, with nothing due: everything works with it."""

    title: str = "Seckill, stage by stage"
    language: Language = "en"
    timezone: Annotated[ZoneInfo, BeforeValidator(_zone)] = ZoneInfo("UTC")
    grader: str | None = None
    late: Late = Late()
    homework: dict[str, Due] = {}
    extensions: tuple[Extension, ...] = ()
    roster: tuple[Student, ...] = ()
    received: dict[tuple[str, str], datetime] = {}

    def student(self, id_: str) -> Student | None:
        return next((student for student in self.roster if student.id == id_), None)

    def called(self, name: Name) -> str:
        """How to name a student in a report."""
        student = self.student(name.id)
        return (student.name if student else "") or name.author

    def due(self, id_: str, homework: str) -> datetime | None:
        """When this student has to hand in, extensions included; None when nothing is due."""
        if homework not in self.homework:
            return None
        days = sum(each.days for each in self.extensions if (each.id, each.homework) == (id_, homework))
        return self._aware(self.homework[homework].due) + timedelta(days=days)

    def handed_in(self, id_: str, homework: str) -> datetime | None:
        received = self.received.get((id_, homework))
        return received and self._aware(received)

    def _aware(self, time: datetime) -> datetime:
        return time if time.tzinfo else time.replace(tzinfo=self.timezone)


def load(file: Path) -> Course:
    """Read course.toml and the tables it names; raises `Mistake` with the file and what is wrong in it."""
    try:
        told: dict[str, Any] = tomllib.loads(file.read_text())
        beside = partial(_rows, file.parent)
        told["roster"] = list(beside(told.get("roster"), ("id", "author")))
        received = beside(told.get("received"), ("id", "homework", "received_at"))
        told["received"] = {(row["id"], row["homework"]): row["received_at"] for row in received}
        return Course.model_validate(told)
    except tomllib.TOMLDecodeError as error:
        raise Mistake(f"{file} is not TOML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise Mistake(f"{file}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except OSError as error:
        raise Mistake(f"{error.filename} cannot be read: {error.strerror}") from None


def _rows(folder: Path, name: object, needed: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """The rows of a table, as spreadsheets write it (with or without a byte order mark)."""
    if not name:
        return
    with (folder / str(name)).open(encoding="utf-8-sig", newline="") as file:
        table = csv.DictReader(file)
        missing = [column for column in needed if column not in (table.fieldnames or [])]
        if missing:
            raise Mistake(f"{folder / str(name)} has no column {missing[0]}; it needs {', '.join(needed)}")
        yield from ({key: value.strip() for key, value in row.items() if key} for row in table)


def write_example(folder: Path) -> list[Path]:
    """course.toml and its tables, to be filled in; raises `Mistake` rather than overwrite one."""
    files = {folder / name: text for name, text in ({"course.toml": EXAMPLE} | TABLES).items()}
    there = [file for file in files if file.exists()]
    if there:
        raise Mistake(f"{there[0]} exists; name a folder that has none yet")
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        file.write_text(text, encoding="utf-8")
    return list(files)
