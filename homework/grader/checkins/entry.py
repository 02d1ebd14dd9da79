"""One check-in: `checkins/2026-10-15.md`, a Markdown file with the four questions as headings.

    # Check-in 2026-10-15 · seckill-20260001-lin

    ## Chapters studied · 学习了哪些章节
    s02: the guarded update

    ## Problems met · 遇到了什么问题
    …

    ## How I solved them · 怎样解决的
    - [x] solved · 已解决

    ## What I gained · 有什么收获
    …

A heading is known by its English or its Chinese words. Lines that begin with `>` were filled in by the
machine, and comments by nobody: neither counts as an answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal, get_args

from homework.grader.mistakes import Mistake
from homework.grader.names import Name, parse

Question = Literal["chapters", "problems", "solved", "gained"]
QUESTIONS: tuple[Question, ...] = get_args(Question)
HEADINGS: Mapping[Question, str] = {
    "chapters": "Chapters studied · 学习了哪些章节",
    "problems": "Problems met · 遇到了什么问题",
    "solved": "How I solved them · 怎样解决的",
    "gained": "What I gained · 有什么收获",
}
TICK = "solved · 已解决"
WORDS: Mapping[Question, re.Pattern[str]] = {  # what a heading is known by
    "chapters": re.compile("chapter|章节"),
    "problems": re.compile("problem|问题"),
    "solved": re.compile("solve|解决"),
    "gained": re.compile("gain|learn|收获"),
}
TITLE_LIKE = "Check-in 2026-10-15 · seckill-20260001-lin"
TITLE = re.compile(r"#[^#].*?(\d{4}-\d\d-\d\d)\s*·\s*(\S+)")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
BOX = re.compile(r"^\s*[-*] \[([ xX])\].*$", re.MULTILINE)
NO_PROBLEM = re.compile(r"\W*(none|nothing|no problems?|no|无|没有|没有问题|没有遇到问题)\W*", re.IGNORECASE)
CHAPTER = re.compile(r"(?<![a-z0-9])(?:s|hw)[0-9]{2}(?![0-9])", re.IGNORECASE)


class WrongEntry(Mistake):
    """Not a check-in; the message says what in the file is wrong and how it should be, not which file."""


@dataclass(frozen=True)
class Entry:
    """A check-in. `answers` are the student's own words; `machine` is what was filled in for them."""

    file: Path
    day: date
    name: Name
    answers: Mapping[Question, str]
    solved: bool
    machine: str = field(default="", repr=False)

    @property
    def problem(self) -> bool:
        """Something was written under problems, and not just "none"."""
        return bool(self.answers["problems"]) and not NO_PROBLEM.fullmatch(self.answers["problems"])

    @property
    def stuck(self) -> bool:
        """There was a problem, and it is not ticked as solved."""
        return self.problem and not self.solved

    @property
    def chapters(self) -> list[str]:
        """The stages and homework named under the first question, s02 and hw02, each once."""
        found = CHAPTER.findall(self.answers["chapters"] + self.machine)
        return sorted({each.lower() for each in found})


def read(file: Path) -> Entry:
    """The entry in a file; raises `WrongEntry`."""
    try:
        return parse_entry(file, file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise WrongEntry("it is not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise WrongEntry(f"it cannot be read: {error.strerror}") from None


def parse_entry(file: Path, text: str) -> Entry:
    """The entry that `text` is."""
    text = COMMENT.sub("", text)
    title = next((line for line in text.splitlines() if line.strip()), "")
    match = TITLE.match(unicodedata.normalize("NFKC", title))
    if not match:
        raise WrongEntry(f"the first line has to be like “# {TITLE_LIKE}”")
    sections = dict(_sections(text))
    missing = [HEADINGS[question] for question in QUESTIONS if question not in sections]
    if missing:
        raise WrongEntry(f"there is no heading “## {missing[0]}”")
    return Entry(
        file,
        _day(match[1]),
        parse(match[2]),
        {question: _own(sections[question]) for question in QUESTIONS},
        any(box.lower() == "x" for box in BOX.findall(sections["solved"])),
        "\n".join(line for line in text.splitlines() if line.startswith(">")),
    )


def _sections(text: str) -> Iterator[tuple[Question, str]]:
    """The text below each of the four headings."""
    seen: set[Question] = set()
    for part in re.split(r"^##\s*(?!#)", text, flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        question = _question(heading)
        if question is None:
            said = f"“## {heading.strip()}” is none of the four questions; write it as text"
            raise WrongEntry(said)
        if question in seen:
            raise WrongEntry(f"“## {HEADINGS[question]}” is there twice")
        seen.add(question)
        yield question, body


def _question(heading: str) -> Question | None:
    """Which of the four it is. "How I solved the problems" is the third: the most telling word decides."""
    found = [question for question in QUESTIONS if WORDS[question].search(heading.casefold())]
    return "solved" if "solved" in found else next(iter(found), None)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongEntry(f"{text} is no day; write it as year-month-day, 2026-10-15") from None


def _own(text: str) -> str:
    """The student's own words: without what the machine filled in, and without the box to tick."""
    lines = [line for line in BOX.sub("", text).splitlines() if not line.lstrip().startswith(">")]
    return "\n".join(lines).strip().strip("-* ")
