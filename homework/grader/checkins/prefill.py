"""What a day's work left behind, and the check-in that it fills in: commits, files, homework results."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from homework.grader.checkins import kept
from homework.grader.checkins.entry import CHAPTER, HEADINGS, QUESTIONS, TICK, Question
from homework.grader.checkins.kept import began
from homework.grader.mistakes import Mistake
from homework.grader.names import Name
from homework.grader.result import Result
from homework.grader.results import FILE, both, load

ASK: Mapping[Question, str] = {
    "chapters": "Which stages or homework, and how far? · 哪几章、哪几个作业，学到哪里？",
    "problems": "What did not work, and what did you see? “none” if all went well. · 什么不对？看到了什么？",
    "solved": "What did you try, and what helped? Tick the box when it is solved. · 试了什么？什么起了作用？",
    "gained": "One thing you know now and did not know this morning. · 今天才明白的一件事。",
}
MOST = 8  # lines of each kind


@dataclass(frozen=True)
class Day:
    """What was done on a day. Without a git repository there are no commits and no files."""

    commits: Sequence[str]
    files: Sequence[str]
    results: Sequence[Result]


def look(folder: Path, day: date) -> Day:
    """The day's work below a folder, in local time. Results, the grader's and those of one's own checks, are
    those begun on that day.

    The first commit of a repository is the project as it was handed out, a merge the work of others.
    """
    between = (f"--since={day} 00:00:00", f"--until={day} 23:59:59", "--min-parents=1", "--max-parents=1")
    changed = _git(folder, "log", *between, "--name-only", "--format=", "--relative")
    open_still = _git(folder, "diff", "HEAD", "--name-only", "--relative") if day == date.today() else []
    results = sorted(_results(folder, day), key=lambda each: each.started_at)
    return Day(_git(folder, "log", *between, "--format=%h %s"), sorted({*changed, *open_still}), results)


def fill_in(name: Name, day: date, work: Day) -> str:
    """The text of the check-in: the four questions, and below each what the machine knows."""
    known = {"chapters": _chapters(work), "problems": _problems(work), "solved": _solved(work), "gained": []}
    parts = [f"# Check-in {day} · {name}\n"]
    for question in QUESTIONS:
        lines = [f"## {HEADINGS[question]}", f"<!-- {ASK[question]} -->"]
        lines += [f"> {line}" for line in known[question]]
        lines += [f"- [ ] {TICK}"] if question == "solved" else []
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def write_new(file: Path, text: str) -> None:
    """Write it; raises `Mistake` rather than touch a check-in that exists."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError:
        raise Mistake(f"{file} exists: go on writing in it, or name another day with --day") from None


def _chapters(work: Day) -> list[str]:
    """What the changed files and the results belong to, then the files."""
    codes = {code.lower() for path in work.files for code in CHAPTER.findall(_separate(path))}
    codes |= {each.homework for each in work.results}
    return [", ".join(sorted(codes))] * bool(codes) + _at_most(work.files)


def _problems(work: Day) -> list[str]:
    """The checks that fail in the last result of each homework."""
    last = {each.homework: each for each in work.results}
    failed = [(hw, check) for hw, each in last.items() for check in each.checks if check.state == "failed"]
    broken = [f"{hw}: {each.message}" for hw, each in last.items() if each.state == "broken"]
    return broken + _at_most([f"{hw}: {both(check.title)}: {check.message}" for hw, check in failed])


def _solved(work: Day) -> list[str]:
    """The checks that failed earlier that day and have passed ever since, then the commits."""
    failed: set[tuple[str, str]] = set()
    passed: dict[tuple[str, str], str] = {}
    for each in work.results:
        for check in each.checks:
            key = each.homework, check.id
            if check.state == "failed":
                failed.add(key)
            if check.state != "passed":
                passed.pop(key, None)
            elif key in failed:
                since = f"passes since {began(each):%H:%M}"
                passed.setdefault(key, f"{each.homework}: {both(check.title)} {since}")
    return [*passed.values(), *_at_most(work.commits)]


def _at_most(lines: Sequence[str]) -> list[str]:
    more = [f"and {len(lines) - MOST} more"] if len(lines) > MOST else []
    return [*lines[:MOST], *more]


def _separate(path: str) -> str:
    return re.sub(r"[_/]", " ", path)


def _results(folder: Path, day: date) -> Iterator[Result]:
    for file in folder.rglob("*.json"):
        if file.name != FILE and file.parent.name != kept.FOLDER:
            continue
        try:
            result = load(file)
        except Mistake:
            continue  # a result of another program
        if began(result).date() == day:
            yield result


def _git(folder: Path, *words: str) -> list[str]:
    """The lines that git answers; none where git or a repository is missing."""
    try:
        said = subprocess.run(
            ["git", "-c", "core.quotepath=off", *words], cwd=folder, capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return []
    return [line for line in said.stdout.decode(errors="replace").splitlines() if line.strip()]
