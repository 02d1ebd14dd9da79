"""Grading many submissions: in parallel, on servers of their own; what is graded already is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from homework.grader.book import Homework
from homework.grader.fingerprint import fingerprint
from homework.grader.grading import Submission, Wish, grade
from homework.grader.result import BrokenResult, Result
from homework.grader.results import FILE, write
from homework.grader.servers import Servers, own_servers
from homework.grader.submissions import HandedIn, digest

Done = Callable[[Result, bool], None]
"""Called with each result, and whether it had been there before."""


@dataclass(frozen=True)
class Piece:
    """One homework of one submission, and where its result goes."""

    homework: Homework
    submission: Submission
    folder: Path

    @property
    def made_from(self) -> Path:
        return self.folder / "made-from"


def pieces(handed_in: Iterable[HandedIn], homeworks: Sequence[Homework], out: Path) -> Iterator[Piece]:
    """What there is to grade. A submission without a homework has no piece of it; one that cannot be opened
    has one of each."""
    for each in handed_in:
        for homework in homeworks:
            submission = each.submission(homework)
            if submission.files or submission.trouble:
                yield Piece(homework, submission, out / each.name / homework.code)


def grade_all(work: Sequence[Piece], jobs: int, seed: int, done: Done) -> list[Result]:
    """Grade every piece. Interrupted, it leaves whole results behind, and the next run goes on from there."""
    results = []
    fingerprint()  # once, before there are threads: ast.parse fails when they meet (gh-106905)
    with ThreadPoolExecutor(jobs) as pool, benches(min(jobs, len(work))) as free:
        futures = [pool.submit(grade_or_keep, piece, seed, free) for piece in work]
        try:
            for future in as_completed(futures):
                result, kept = future.result()
                results.append(result)
                done(result, kept)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return sorted(results, key=lambda each: (each.submission, each.homework))


def grade_or_keep(piece: Piece, seed: int, free: SimpleQueue[Bench]) -> tuple[Result, bool]:
    """The result of a piece, and whether it was there already, made from the same."""
    made_from = digest(piece.homework, piece.submission, seed)
    if (old := kept(piece, made_from)) is not None:
        return old, True
    bench = free.get()
    try:
        result = grade(piece.homework, piece.submission, bench.servers, Wish(seed=seed))
        if any(check.state == "grader_error" for check in result.checks):
            bench.renew()  # perhaps it was the servers: the next one shall not suffer
    finally:
        free.put(bench)
    piece.folder.mkdir(parents=True, exist_ok=True)
    write(piece.folder / FILE, result.to_json())
    write(piece.made_from, made_from)
    return result, False


def kept(piece: Piece, made_from: str) -> Result | None:
    """The result that is there, if it still holds and was no fault of the grader's."""
    try:
        if piece.made_from.read_text() != made_from:
            return None
        result = Result.read(piece.folder / FILE)
    except (OSError, BrokenResult):
        return None
    return None if any(check.state == "grader_error" for check in result.checks) else result


class Bench:
    """Servers for one grading at a time."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self.servers = self._start()

    def _start(self) -> Servers:
        return self._open.enter_context(own_servers())

    def renew(self) -> None:
        """New servers in place of those."""
        self._open.close()
        self.servers = self._start()

    def close(self) -> None:
        self._open.close()


@contextmanager
def benches(number: int) -> Iterator[SimpleQueue[Bench]]:
    """So many benches, ended at the end."""
    free: SimpleQueue[Bench] = SimpleQueue()
    with ExitStack() as opened_here:
        for _ in range(number):
            bench = Bench()
            opened_here.callback(bench.close)
            free.put(bench)
        yield free
