"""The graders, graded again and again: an outcome that is not the same each time is a defect.

    python -m homework.grader.repeat --times 20 --json docs/results/soak.json

One pass grades every starter, every solution (with data of that pass's own) and every wrong submission. It
is written down when it ends; begun again, we go on from there, as long as nothing in homework/ has changed.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from difflib import unified_diff
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import click

from common.circumstances import circumstances
from homework.grader.book import FOLDER, Homework, all_homeworks
from homework.grader.grading import SEED, Submission, Wish, grade
from homework.grader.many import Bench, benches, write
from homework.grader.result import Result
from homework.grader.servers import Servers
from homework.grader.transcripts import Wrong, all_wrong, solution, transcript

KEY = "graders"  # of the file, which the grid's own runs share
FILE = click.Path(dir_okay=False, path_type=Path)
Runs = list[dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """One submission whose outcome is known. `complaint` says what is wrong with a result; empty: nothing."""

    homework: Homework
    name: str
    files: dict[str, bytes] = field(repr=False)
    complaint: Callable[[Result], str] = field(repr=False)
    seed: int = SEED

    def run(self, servers: Servers) -> str:
        """What was wrong, if anything."""
        submission = Submission(self.name, "", "", self.files)
        return self.complaint(grade(self.homework, submission, servers, Wish(seed=self.seed)))


def starters(homework: Homework) -> Iterator[Case]:
    """As it was handed out; and saved once, so that it is run."""
    files = {name: (homework.folder / "starter" / name).read_bytes() for name in homework.files}
    saved = {name: content + b"\n" for name, content in files.items()}
    yield Case(homework, "starter", files, partial(not_nothing, homework))
    yield Case(homework, "starter, saved", saved, partial(not_nothing, homework))


def right(homework: Homework, seed: int) -> Case:
    return Case(homework, "solution", solution(homework), partial(not_everything, homework), seed)


def mistake(wrong: Wrong) -> Case:
    return Case(
        wrong.homework, wrong.folder.name, dict(wrong.submission().files), partial(not_just_that, wrong)
    )


def not_nothing(homework: Homework, result: Result) -> str:
    said = transcript(homework, result)
    begun = {check.state for check in result.checks} != {"not_started"}
    return said if result.points or result.of != 100 or begun or "Traceback" in said else ""


def not_everything(homework: Homework, result: Result) -> str:
    return "" if (result.points, result.of) == (100, 100) else transcript(homework, result)


def not_just_that(wrong: Wrong, result: Result) -> str:
    """The student reads just what golden.txt says, and the checks that fail are those of wrong.toml."""
    said, golden = transcript(wrong.homework, result), wrong.golden.read_text("utf-8")
    if said != golden:
        lines = golden.splitlines(), said.splitlines()
        return "\n".join(unified_diff(*lines, "golden.txt", "now", lineterm="", n=0))
    failed = [check.id for check in result.checks if check.state == "failed"]
    return "" if failed == wrong.fails else f"fails {failed}, and wrong.toml says {wrong.fails}"


def all_cases(seed: int) -> list[Case]:
    """One pass."""
    cases = []
    for homework in all_homeworks():
        cases += [*starters(homework), right(homework, seed), *map(mistake, all_wrong(homework))]
    return cases


def one_pass(seed: int, free: SimpleQueue[Bench], pool: ThreadPoolExecutor) -> dict[str, Any]:
    """What came of it, for the record."""
    began = time.perf_counter()

    def run(case: Case) -> str:
        bench = free.get()
        try:
            return case.run(bench.servers)
        finally:
            free.put(bench)

    cases, flakes = all_cases(seed), []
    for number, (case, wrong) in enumerate(zip(cases, pool.map(run, cases), strict=True), start=1):
        if sys.stdout.isatty():
            click.echo(f"\r{number} of {len(cases)} {case.homework.code} {case.name:30}", nl=False)
        if wrong:
            click.echo(f"\n{case.homework.code} {case.name}, seed {case.seed}\n{wrong}")
            flakes.append({"homework": case.homework.code, "submission": case.name, "seen": wrong})
    seconds = round(time.perf_counter() - began, 1)
    return {"seed": seed, "gradings": len(cases), "seconds": seconds, "flakes": flakes}


def of_this_code() -> str:
    """Changes with anything in homework/ that a grading depends on."""
    hashed = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*.*")):
        if path.is_file() and path.suffix not in {".md", ".pyc"}:
            hashed.update(f"\0{path.relative_to(FOLDER)}\0".encode() + path.read_bytes())
    return hashed.hexdigest()[:16]


def read(file: Path | None) -> dict[str, Any]:
    return json.loads(file.read_text("utf-8")) if file and file.exists() else {}


@click.command()
@click.option("--times", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many passes.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1, 64), help="Gradings at once.")
@click.option("--json", "file", type=FILE, help=f'Write each pass into this file, under "{KEY}".')
def main(times: int, jobs: int, file: Path | None) -> None:
    """Grade all that is known, several times. Exit code 1 if anything was not as it has to be."""
    code = of_this_code()
    before = read(file).get(KEY, {})
    runs: Runs = before.get("runs", []) if before.get("code") == code else []
    if runs:
        click.echo(f"{len(runs)} passes of this code are recorded; going on from there")
    command = f"python -m homework.grader.repeat --times {times} --jobs {jobs} --json docs/results/soak.json"
    with ThreadPoolExecutor(jobs) as pool, benches(jobs) as free:
        for number in range(len(runs) + 1, times + 1):
            runs.append(one_pass(number, free, pool))
            told = "pass {seed} of {times}: {gradings} gradings, {wrong} not as declared, {seconds} s"
            click.echo("\r" + told.format(times=times, wrong=len(runs[-1]["flakes"]), **runs[-1]))
            if file:
                exact = sum(not run["flakes"] for run in runs)
                account = circumstances(command) | {"code": code, "exact_runs": exact, "runs": runs}
                write(file, json.dumps(read(file) | {KEY: account}, ensure_ascii=False, indent=1) + "\n")
    sys.exit(any(run["flakes"] for run in runs))


if __name__ == "__main__":
    main()
