"""What is wrong with check-ins: empty, copied, in the future, twice for a day, or not readable."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from homework.grader.checkins.entry import HEADINGS, QUESTIONS, Entry, Question, read
from homework.grader.mistakes import Mistake

FEWEST = 2  # characters of an answer: "s02" is one, "-" is not
TELLING = 10  # characters of a sentence, from which on two people do not write the same by chance
SENTENCE = re.compile(r"[.!?。！？;；\n]+")
DATED = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Fault:
    """What is wrong with one file, as a sentence."""

    file: Path
    sentence: str


def files(folder: Path) -> list[Path]:
    """Every check-in below a folder: the .md files of folders called `checkins`, or of this folder itself."""
    if not folder.is_dir():
        raise Mistake(f"{folder} is no folder; check-ins are files like checkins/2026-10-15.md")
    below = [file for file in folder.rglob("*.md") if file.parent.name == "checkins"]
    own = [file for file in folder.glob("*.md") if DATED.match(file.name)]
    return sorted({*below, *own})


def lint(paths: Sequence[Path], today: date) -> tuple[list[Entry], list[Fault]]:
    """The entries that are right, and what is wrong with the others.

    Copied means that at least half of what an entry says stands, word for word, in an earlier one of the
    same student or of another. Who rewrote what they copied is not found.
    """
    entries, faults = [], []
    for path in paths:
        try:
            entries.append(read(path))
        except Mistake as wrong:
            faults.append(Fault(path, wrong.message))
    good: list[Entry] = []
    known = Known()
    for entry in sorted(entries, key=lambda each: (each.day, each.name, each.file.name)):
        found = [*alone(entry, today), *known.again(entry)]
        faults += [Fault(entry.file, sentence) for sentence in found]
        good += [] if found else [entry]
    return good, sorted(faults, key=lambda fault: (str(fault.file), fault.sentence))


def alone(entry: Entry, today: date) -> Iterator[str]:
    """What is wrong with an entry by itself."""
    if entry.day > today:
        yield f"{entry.day} is in the future, today is {today}; write about a day when it is over"
    if DATED.match(entry.file.name) and not entry.file.name.startswith(str(entry.day)):
        yield f"its title says {entry.day}; rename the file to {entry.day}.md, or correct the title"
    for question in unanswered(entry):
        filled_in = " (what the machine filled in is no answer)" if entry.machine else ""
        yield f"“{HEADINGS[question]}” is empty{filled_in}; write a sentence of your own"


def unanswered(entry: Entry) -> list[Question]:
    """The questions without an answer. Where there was no problem, none had to be solved."""
    answered = {question for question in QUESTIONS if len(essence(entry.answers[question])) >= FEWEST}
    if essence(entry.answers["problems"]) and not entry.problem:
        answered |= {"problems", "solved"}
    return [question for question in QUESTIONS if question not in answered]


class Known:
    """The entries seen so far, the earliest first."""

    def __init__(self) -> None:
        self._days: dict[tuple[str, date], Entry] = {}
        self._said: dict[str, Entry] = {}

    def again(self, entry: Entry) -> Iterator[str]:
        """What this entry repeats of those seen before; then it is one of them."""
        first = self._days.setdefault((entry.name.id, entry.day), entry)
        if first is not entry:
            yield f"there is a check-in for {entry.day} already, {first.file.name}; put both into one file"
        said = [each for question in QUESTIONS[1:] for each in sentences(entry.answers[question])]
        copied = [self._said[each] for each in said if each in self._said]
        if first is entry and 2 * len(copied) >= len(said) and copied:
            source = copied[0]
            whose = "your own" if source.name == entry.name else f"{source.name}'s"
            how_many = f"{len(copied)} of its {len(said)} sentences"
            yield f"{how_many} are {whose} of {source.day}; write what was new"
        for each in said:
            self._said.setdefault(each, entry)


def sentences(text: str) -> list[str]:
    """The sentences long enough to be somebody's own, without what a copier changes first."""
    return [each for part in SENTENCE.split(text) if len(each := essence(part)) >= TELLING]


def essence(text: str) -> str:
    """Letters and digits only, all small; the same for full-width and for ordinary characters."""
    return "".join(each for each in unicodedata.normalize("NFKC", text).casefold() if each.isalnum())
