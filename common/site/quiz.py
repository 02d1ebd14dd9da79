"""The quiz bank: one list of questions that becomes a page, a spreadsheet and a GIFT file."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from common.site.pages import DOCS
from common.site.words import Lang, word

FILE = DOCS / "quiz.toml"
LETTERS = "ABCD"
SPECIAL = re.compile(r"[\\~=#{}:]")  # what GIFT reads as its own


@dataclass(frozen=True)
class Question:
    """A question with four answers, of which the one with the letter `right` is true."""

    name: str
    right: str
    ask: Mapping[Lang, str]
    options: Mapping[Lang, list[str]]
    why: Mapping[Lang, str]

    @property
    def stage(self) -> str:
        return self.name.partition("-")[0]

    def lettered(self, lang: Lang) -> dict[str, str]:
        return dict(zip(LETTERS, self.options[lang], strict=True))


@cache
def bank() -> tuple[Question, ...]:
    """Every question, in the order of the file."""
    return tuple(Question(name, **entry) for name, entry in tomllib.loads(FILE.read_text()).items())


def of(stage: str | None) -> list[Question]:
    """The questions of one stage ("s02"), or all."""
    return [each for each in bank() if stage in {None, each.stage}]


def shown(stage: str, lang: Lang) -> str:
    """Markdown: a numbered list of the stage's questions, each with its answer closed."""
    return "\n".join(_item(each, lang) for each in of(stage))


def _item(question: Question, lang: Lang) -> str:
    options = "\n".join(f"    - **{letter}** {text}" for letter, text in question.lettered(lang).items())
    title = word("right_answer", lang)
    answer = f'    ??? success "{title}"\n\n        **{question.right}.** {question.why[lang]}'
    return f"1.  {question.ask[lang]}\n\n{options}\n\n{answer}\n"


def as_csv(questions: Iterable[Question], lang: Lang) -> str:
    """One row a question: name, stage, the question, A to D, the right letter, and why."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "stage", "question", *LETTERS, "right", "why"])
    for each in questions:
        writer.writerow(
            [each.name, each.stage, each.ask[lang], *each.options[lang], each.right, each.why[lang]]
        )
    return text.getvalue()


def as_gift(questions: Iterable[Question], lang: Lang) -> str:
    """Moodle's GIFT format: a category for each stage; backticks stay what they are in Markdown."""
    parts: list[str] = []
    category = ""
    for each in questions:
        if each.stage != category:
            category = each.stage
            parts.append(f"$CATEGORY: $course$/seckill/{category}\n")
        parts.append(_gift(each, lang))
    return "\n".join(parts)


def _gift(question: Question, lang: Lang) -> str:
    options = "\n".join(
        f"{'=' if letter == question.right else '~'}{_escaped(text)}"
        for letter, text in question.lettered(lang).items()
    )
    ask, why = _escaped(question.ask[lang]), _escaped(question.why[lang])
    return f"::{question.name}::[markdown]{ask} {{\n{options}\n####{why}\n}}\n"


def _escaped(text: str) -> str:
    return SPECIAL.sub(r"\\\g<0>", text)


FORMATS: Mapping[str, Callable[[Iterable[Question], Lang], str]] = {"csv": as_csv, "gift": as_gift}
