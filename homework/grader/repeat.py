"""The graders, graded again and again: an outcome that is not the same each time is a defect.

    python -m homework.grader.repeat --times 20 --json docs/results/soak.json

One pass of a homework grades its starter, its solution (with data of that pass's own) and every wrong
submission. It is written down when it ends, and counts as long as that homework and the grader are the same:
begun again, we go on from there.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import unified_diff
from functools import partial
from itertools import product
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import click

from common.circumstances import circumstances
from common.lab.places import ROOT
from homework.grader.book import Homework, all_homeworks, find
from homework.grader.fingerprint import fingerprint
from homework.grader.grading import SEED, Submission, Wish, grade
from homework.grader.many import Bench, benches
from homework.grader.result import Result
from homework.grader.results import write
from homework.grader.servers import Servers
from homework.grader.transcripts import Wrong, all_wrong, solution, transcript

KEY = "graders"  # of the file, which the grid's own runs share
FILE = click.Path(dir_okay=False, path_type=Path)


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
    yield Case(homework, "starter", files, partial(not_begun, homework))
    yield Case(homework, "starter, saved", saved, partial(not_nothing, homework))


def right(homework: Homework, seed: int) -> Case:
    return Case(homework, "solution", solution(homework), partial(not_everything, homework), seed)


def mistake(wrong: Wrong) -> Case:
    return Case(
        wrong.homework, wrong.folder.name, dict(wrong.submission().files), partial(not_just_that, wrong)
    )


def not_nothing(homework: Homework, result: Result) -> str:
    said = transcript(homework, result)
    return "" if (result.points, result.of) == (0, 100) and "Traceback" not in said else said


def not_begun(homework: Homework, result: Result) -> str:
    begun = {check.state for check in result.checks} != {"not_started"}
    return transcript(homework, result) if begun else not_nothing(homework, result)


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


def all_cases(homework: Homework, seed: int) -> list[Case]:
    return [*starters(homework), right(homework, seed), *map(mistake, all_wrong(homework))]


def one_pass(
    homework: Homework, seed: int, free: SimpleQueue[Bench], pool: ThreadPoolExecutor
) -> dict[str, Any]:
    """What came of it, for the record."""
    began = time.perf_counter()

    def run(case: Case) -> str:
        bench = free.get()
        try:
            return case.run(bench.servers)
        finally:
            free.put(bench)

    cases, flakes = all_cases(homework, seed), []
    for case, wrong in zip(cases, pool.map(run, cases), strict=True):
        if wrong:
            click.echo(f"{homework.code} {case.name}, seed {case.seed}\n{wrong}")
            flakes.append({"submission": case.name, "seen": wrong})
    seconds = round(time.perf_counter() - began, 1)
    return {
        "seed": seed,
        "gradings": len(cases),
        "seconds": seconds,
        "load_average": round(os.getloadavg()[0], 1),
        "flakes": flakes,
    }


def made_from(homework: Homework) -> str:
    """Changes with whatever a grading of this homework depends on in homework/."""
    hashed = hashlib.sha256(fingerprint().encode())
    for path in sorted(homework.folder.rglob("*.*")):
        if path.is_file() and path.suffix not in {".md", ".pyc"}:
            hashed.update(f"\0{path.name}\0".encode() + path.read_bytes())
    return hashed.hexdigest()[:16]


def commit() -> str:
    """What is checked out; empty outside of a repository."""
    argv = ["git", "describe", "--always", "--dirty"]
    with suppress(OSError):
        return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    return ""


def read(file: Path | None) -> dict[str, Any]:
    return json.loads(file.read_text("utf-8")) if file and file.exists() else {}


def save(file: Path, record: dict[str, Any], times: int) -> None:
    """Beside whatever else the file holds. A run is exact when it was exact for every homework."""
    runs = [each["runs"] for each in record.values()]
    exact = sum(not any(run["flakes"] for run in each) for each in zip(*runs, strict=False))
    account = circumstances(f"python -m homework.grader.repeat --times {times} --json docs/results/soak.json")
    account |= {"exact_runs": exact, "homeworks": {name: record[name] for name in sorted(record)}}
    write(file, json.dumps(read(file) | {KEY: account}, ensure_ascii=False, indent=1) + "\n")


@click.command()
@click.option("--times", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many passes.")
@click.option("--homework", "chosen", multiple=True, help="Only this one. May be repeated.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1, 64), help="Gradings at once.")
@click.option("--json", "file", type=FILE, help=f'Write each pass into this file, under "{KEY}".')
def main(times: int, chosen: tuple[str, ...], jobs: int, file: Path | None) -> None:
    """Grade all that is known, several times. Exit code 1 if anything was not as it has to be."""
    homeworks = [find(name) for name in chosen] or all_homeworks()
    record: dict[str, Any] = read(file).get(KEY, {}).get("homeworks", {})
    for homework in homeworks:
        if record.get(homework.code, {}).get("code") != made_from(homework):
            record[homework.code] = {"code": made_from(homework), "commit": commit(), "runs": []}
    with ThreadPoolExecutor(jobs) as pool, benches(jobs) as free:
        for seed, homework in product(range(1, times + 1), homeworks):
            runs = record[homework.code]["runs"]
            if len(runs) >= seed:
                continue
            runs.append(one_pass(homework, seed, free, pool))
            said = f"{homework.code}, {seed} of {times}: {runs[-1]['gradings']} gradings"
            click.echo(f"{said}, {len(runs[-1]['flakes'])} not as declared, {runs[-1]['seconds']} s")
            if file:
                save(file, record, times)
    sys.exit(any(run["flakes"] for each in record.values() for run in each["runs"]))


if __name__ == "__main__":
    main()
