"""Result files: writing one as a whole, and reading every result.json of a class, checked field by field.

Whatever is made for a class (gradebook, reports, leaderboards) is made from these files alone, so that it can
be made again at any time without grading again.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from homework.grader.mistakes import Mistake
from homework.grader.result import SCHEMA, Result

FILE = "result.json"
Language = Literal["en", "zh"]
READ = TypeAdapter(Result)


def load(file: Path) -> Result:
    """One result; raises `Mistake` for a file that is none, naming the first field that is wrong."""
    try:
        result = READ.validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise Mistake(f"{file} is no result: {where}: {first['msg']}; grade the submission again") from None
    except OSError as error:
        raise Mistake(f"{file} cannot be read: {error.strerror}") from None
    if result.schema != SCHEMA:
        raise Mistake(f"{file} has schema {result.schema}, and this program reads {SCHEMA}; grade again")
    return result


def load_all(folder: Path) -> list[Result]:
    """Every result.json below a folder, by homework and then by student."""
    results = in_order(load(file) for file in sorted(folder.rglob(FILE)))
    if not results:
        raise Mistake(f"there is no {FILE} below {folder}; ./seckill grade writes them")
    return results


def write(path: Path, text: str) -> None:
    """All of it or nothing."""
    new = path.with_name(path.name + ".new")
    new.write_text(text, "utf-8")
    new.replace(path)


def in_order(results: Iterable[Result]) -> list[Result]:
    return sorted(results, key=lambda result: (result.homework, result.name))


def both(title: dict[str, str]) -> str:
    """A title in both languages, for readers of either."""
    return f"{title['en']} · {title['zh']}"
