"""One homework of one submission, check by check: from files to a `Result`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from redis import RedisError
from redis.exceptions import OutOfMemoryError

from common.proof.driver import DriverError
from homework.grader.authoring import Failed, Grading, NotStarted, StudentError
from homework.grader.book import CheckSpec, Homework, load
from homework.grader.result import CheckResult, Costs, Result, State, Trace
from homework.grader.sandbox import is_carried_over
from homework.grader.servers import Servers
from homework.grader.wire import Unseen

LARGEST_FILE = 256 << 10  # bytes
SEED = 7
THEIR_DOING = ("BUSY", "WRONGTYPE")  # a script that does not end; a key of another type than it had
UNWRITTEN = "Your code says NotImplementedError: it is not written yet."

Check = Callable[[Grading], None]


@dataclass(frozen=True)
class Submission:
    """Who hands in what. `files` of one homework, by name; `trouble` is why nothing could be read, if so."""

    name: str
    id: str
    author: str
    files: Mapping[str, bytes]
    trouble: str = ""


@dataclass(frozen=True)
class Wish:
    """Which checks to run: all of them, or those of one `task`, or one `check` (and what it needs).

    `schedule`: play only this one.
    """

    seed: int = SEED
    task: int | None = None
    check: str | None = None
    schedule: str | None = None

    def wants(self, homework: Homework) -> list[CheckSpec]:
        by_id = {check.id: check for check in homework.checks}
        chosen = [
            check
            for check in homework.checks
            if self.task in {None, check.task} and self.check in {None, check.id}
        ]
        if self.schedule:
            return chosen
        wanted = {check.id for check in chosen}
        for check in reversed(homework.checks):  # what a check needs comes before it
            if check.id in wanted:
                wanted |= set(by_id[check.id].needs)
        return [check for check in homework.checks if check.id in wanted]


def grade(
    homework: Homework,
    submission: Submission,
    servers: Servers,
    wish: Wish | None = None,
    done: Callable[[CheckResult], None] = lambda _: None,
) -> Result:
    """Run the checks. `done` is called after each. Never raises for anything that the student's code does."""
    wish = wish or Wish()
    began = time.perf_counter()
    result = Result(
        homework=homework.code,
        submission=submission.name,
        id=submission.id,
        author=submission.author,
        seed=wish.seed,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    troubles = examine_all(homework, submission)
    if troubles:
        result.state, result.message = "broken", " ".join(dict.fromkeys(troubles.values()))
    judge = Judge(homework, submission, servers, wish, troubles)
    for spec in wish.wants(homework):
        result.checks.append(judge.run(spec, {check.id: check.state for check in result.checks}))
        done(result.checks[-1])
    counted = [check for check in result.checks if check.state != "grader_error"]
    if result.checks and not counted:
        result.state, result.message = "grader_error", result.checks[0].message
    result.points, result.of = sum(c.points for c in counted), sum(c.of for c in counted)
    result.costs, result.traces = judge.costs, judge.traces
    result.seconds = round(time.perf_counter() - began, 1)
    return result


class Judge:
    """Runs single checks of one submission."""

    def __init__(
        self,
        homework: Homework,
        submission: Submission,
        servers: Servers,
        wish: Wish,
        troubles: Mapping[str, str],
    ) -> None:
        self._homework, self._submission, self._servers = homework, submission, servers
        self._wish, self._troubles = wish, troubles
        self.costs: Costs | None = None
        self.traces: list[Trace] = []

    def run(self, spec: CheckSpec, states: Mapping[str, State]) -> CheckResult:
        """One check. What the grader itself gets wrong it tries once more; wrong again, it is a
        `grader_error`, and costs no points."""
        before = self.traces[:]
        result = self._once(spec, states)
        if result.state == "grader_error":
            self.traces = before
            result = self._once(spec, states)
        return result

    def _once(self, spec: CheckSpec, states: Mapping[str, State]) -> CheckResult:
        result = CheckResult(spec.id, spec.task, spec.title, "passed", spec.points, spec.points)
        if why := self._why_not(spec, states):
            return fail(result, *why)
        try:
            self._try(spec)
        except Failed as error:
            result.expected, result.seen = error.expected, error.seen
            result.schedule, result.diagram = error.schedule, error.diagram
            result.replay = error.schedule and f"{self._command(spec)} --schedule {error.schedule}"
            fail(result, "failed", sentence(error))
        except NotStarted as error:
            fail(result, "not_started", sentence(error) if str(error) else UNWRITTEN)
        except (StudentError, Unseen, DriverError) as error:
            fail(result, "failed", sentence(error))
        except Exception as error:
            fail(result, *blame(error))
        return result

    def _why_not(self, spec: CheckSpec, states: Mapping[str, State]) -> tuple[State, str] | None:
        """Why the check need not be tried at all, if so."""
        files = self._homework.task(spec.task).files
        unmet = [need for need in spec.needs if states.get(need, "passed") != "passed"]
        for name in files:
            if name in self._troubles:
                return "failed", self._troubles[name]
        if all(self._submission.files[name] == starter(self._homework, name) for name in files):
            return "not_started", f"{', '.join(files)} is as you got it."
        if unmet:
            return "skipped", f"It is tried when {', '.join(unmet)} passes."
        if not source(self._homework, spec).exists():
            return "skipped", "It is hidden: it is tried when you hand in."
        return None

    def _command(self, spec: CheckSpec) -> str:
        return f"./seckill homework check {self._homework.number:02} --check {spec.id}"

    def _try(self, spec: CheckSpec) -> None:
        check = find_check(self._homework, spec)
        self._servers.empty(self._homework.stage)
        grading = Grading(
            self._homework,
            self._submission.files,
            self._servers,
            self._wish.seed,
            spec.id,
            self._wish.schedule,
        )
        try:
            with grading.open:
                check(grading)
        finally:
            self.costs = grading.costs or self.costs
            self.traces += grading.traces


def blame(error: Exception) -> tuple[State, str]:
    """Whose fault an error is that no check expected, and what to say of it."""
    if is_carried_over(error):
        return "failed", f"Your code raised {type(error).__name__}: {error}."
    if isinstance(error, RedisError):
        theirs = isinstance(error, OutOfMemoryError) or str(error).startswith(THEIR_DOING)
        return "failed" if theirs else "grader_error", f"Redis could not be asked: {error}."
    return "grader_error", f"The grader failed ({type(error).__name__}: {error})."


def sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "?", "!")) else ".")


def fail(result: CheckResult, state: State, message: str) -> CheckResult:
    result.state, result.points, result.message = state, 0, message
    return result


def examine_all(homework: Homework, submission: Submission) -> dict[str, str]:
    """What is wrong with which file, before anything of it runs."""
    if submission.trouble:
        return dict.fromkeys(homework.files, submission.trouble)
    return {name: trouble for name in homework.files if (trouble := examine(name, submission.files))}


def examine(name: str, files: Mapping[str, bytes]) -> str:
    """What is wrong with a file before anything of it runs, as a sentence; empty when nothing is."""
    if name not in files:
        return f"{name} is missing."
    content = files[name]
    if len(content) > LARGEST_FILE:
        return f"{name} has {len(content)} bytes; {LARGEST_FILE} are allowed."
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return f"{name} is not UTF-8 (line {line}): save it with that encoding."
    if name.endswith(".py"):
        try:
            compile(text, name, "exec", dont_inherit=True)  # ast.parse fails when threads meet (gh-106905)
        except SyntaxError as error:
            return f"{name} has a syntax error in line {error.lineno}: {error.msg}."
        except Exception as error:  # too deep, too large, a null byte: whatever it is, it is the file's
            return f"{name} cannot be read as Python: {error}."
    return ""


def starter(homework: Homework, name: str) -> bytes:
    return (homework.folder / "starter" / name).read_bytes()


def find_check(homework: Homework, spec: CheckSpec) -> Check:
    """The function of checks.py or hidden.py that has the check's id as its name."""
    return getattr(load(source(homework, spec)), spec.id)  # type: ignore[no-any-return]


def source(homework: Homework, spec: CheckSpec) -> Path:
    return homework.folder / ("hidden.py" if spec.hidden else "checks.py")
