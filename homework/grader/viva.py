"""Viva cards: two questions about what a student's own code did, with their answers.

Who wrote the code can say in a minute what it sends, what comes back, and why; who did not cannot, however
the code came about. The questions are made from the traces in result.json, so they differ from student to
student; where there are none (a homework without schedules, code that fails before its first), from the rest
of it. The same result always gives the same card.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations
from random import Random
from typing import get_args

from homework.grader.book import NoSuchHomework, find
from homework.grader.result import CheckResult, Result, Trace
from homework.grader.results import Language
from homework.grader.words import say

LANGUAGES = get_args(Language)
LONGEST = 200  # characters of what was expected or seen
END = ("COMMIT", "ROLLBACK")
DULL = (*END, "BEGIN", "START TRANSACTION")  # everybody knows what these answer
LATE = "has waited for this"  # the command of a line that only brings a reply that was waited for
UNNAMED = "…"  # stands for an id that nobody gave a name: two of them need not be the same


@dataclass(frozen=True)
class Move:
    """A step of a trace. `reply` is the one that came in the end; `until` is the move that ended a wait."""

    number: int
    actor: str
    server: str
    command: str
    reply: str
    until: Move | None = None

    @property
    def told(self) -> str:
        return f"{self.actor}: `{self.command}` → `{self.reply}`"


def moves(trace: Trace) -> list[Move]:
    """The moves, each with its final reply."""
    found: list[Move] = []
    for step in trace.steps:
        if step["command"] == LATE and found:
            waited = next(move for move in reversed(found) if move.actor == step["actor"])
            found[waited.number - 1] = replace(waited, reply=step["reply"], until=found[-1])
        else:
            found.append(Move(len(found) + 1, step["actor"], step["server"], step["command"], step["reply"]))
    return found


@dataclass(frozen=True)
class Question:
    """What to ask, and the answer. `shown` are the lines of the trace that may be shown with the question.
    `about` is what was played."""

    kind: str
    values: dict[str, object]
    titles: dict[str, dict[str, str]] = field(default_factory=dict)  # more values, by language
    shown: tuple[str, ...] = ()
    about: str = ""

    def ask(self, language: Language) -> str:
        return self._say(language, self.kind)

    def answer(self, language: Language) -> str:
        return self._say(language, f"{self.kind}_answer")

    def _say(self, language: Language, key: str) -> str:
        titles = {name: title[language] for name, title in self.titles.items()}
        return say(language, f"viva.{key}", **self.values, **titles)


Kind = Callable[[Result], Iterator[Question]]


@dataclass(frozen=True)
class Card:
    """What to ask about a result."""

    result: Result
    questions: tuple[Question, ...]


def card(result: Result) -> Card:
    """Two questions, of different kinds if there are any, the more telling kinds first."""
    draw = Random(f"{result.submission} {result.homework}")
    chosen: list[Question] = []
    for kind in (*KINDS * 2, *WITHOUT_TRACE * 2, standing):  # twice: one kind may have to give both
        candidates = [each for each in kind(result) if each not in chosen]
        if candidates and len(chosen) < 2:
            chosen.append(draw.choice(candidates))
    return Card(result, tuple(chosen))


def of_traces(kind: Callable[[Trace], Iterator[Question]]) -> Kind:
    """Questions about each trace, and what was played in it."""
    return lambda result: (replace(q, about=trace.title) for trace in result.traces for q in kind(trace))


def contrasts(trace: Trace) -> Iterator[Question]:
    """The same command from both actors, and two replies."""
    for one, other in combinations(moves(trace), 2):
        same = one.command == other.command and one.actor != other.actor and UNNAMED not in one.command
        if same and one.reply != other.reply and not one.until and "error" not in one.reply + other.reply:
            answered = (other.until or other).number
            before = [each for each in moves(trace)[one.number - 1 : answered] if each.actor == one.actor]
            did = "; ".join(each.told for each in before[:3])
            values = {"one": one.number, "before": one.reply, "did": did}
            yield Question("contrast", _of(trace, other) | values)


def locks(trace: Trace) -> Iterator[Question]:
    """A move that had to wait for a lock: who held it, and until when."""
    for move in moves(trace):
        if move.until and move.until.command.upper().startswith(END):
            values = {"holder": move.until.actor, "end": move.until.command}
            shown = (*_lines(trace, move.number - 1), f"{move.number:2}  {move.actor}: {move.command}  …")
            yield Question("lock", _of(trace, move) | values, shown=shown)


def replies(trace: Trace) -> Iterator[Question]:
    """What comes back, and what the code does with it."""
    for move in moves(trace):
        if not move.until and not move.command.upper().startswith(DULL):
            own = [each.command for each in moves(trace)[move.number :] if each.actor == move.actor]
            values = _of(trace, move) | {"follows": (own or [""])[0]}
            yield Question("reply" if own else "last_reply", values, shown=_lines(trace, move.number - 1))


def orders(trace: Trace) -> Iterator[Question]:
    """The order of one's own commands: the least telling, for when there is nothing else."""
    first = trace.steps[0]["actor"] if trace.steps else ""
    own = [f"`{move.command}`" for move in moves(trace) if move.actor == first]
    if len(own) > 1:
        values = {"schedule": trace.schedule, "actor": first, "number": len(own), "commands": "; ".join(own)}
        yield Question("order", values)


KINDS = tuple(map(of_traces, (contrasts, locks, replies, orders)))


def failures(result: Result) -> Iterator[Question]:
    """A check that failed: what should have been, and what was."""
    for check in result.checks:
        if check.state == "failed":
            compared = check.expected is not None and check.seen is not None
            told = (("expected", check.expected), ("seen", check.seen)) if compared else ()
            values = {name: str(value)[:LONGEST] for name, value in told}
            yield _about(check, "compared" if compared else "failed", **values)


def counts(result: Result) -> Iterator[Question]:
    """What one plain success cost."""
    if result.costs:
        yield Question("counted", asdict(result.costs))


def places(result: Result) -> Iterator[Question]:
    """A check that passed: where the code is that sees to it."""
    for check in result.checks:
        with suppress(NoSuchHomework):  # the result is older than the homework as it is now
            task = find(result.homework).task(check.task)
            if check.state == "passed":
                question = _about(check, "place", files=", ".join(f"`{file}`" for file in task.files))
                yield replace(question, titles=question.titles | {"task": task.title})


def untried(result: Result) -> Iterator[Question]:
    """A check that waits for another, or for the student to begin."""
    for check in result.checks:
        if check.state in {"skipped", "not_started"}:
            yield _about(check, check.state)


def standing(result: Result) -> Iterator[Question]:
    """Which checks pass: the least telling, for when there is nothing else."""
    passed, rest = ([c.title for c in result.checks if (c.state == "passed") is is_] for is_ in (True, False))
    yield Question("standing", {}, {"passed": _listed(passed), "rest": _listed(rest)})


WITHOUT_TRACE: tuple[Kind, ...] = (failures, counts, places, untried)


def _about(check: CheckResult, kind: str, **values: object) -> Question:
    return Question(kind, {"message": check.message} | values, {"title": check.title})


def _listed(titles: Sequence[dict[str, str]]) -> dict[str, str]:
    return {language: "; ".join(title[language] for title in titles) or "–" for language in LANGUAGES}


def _of(trace: Trace, move: Move) -> dict[str, object]:
    told = {name: getattr(move, name) for name in ("number", "actor", "server", "command", "reply")}
    return {"schedule": trace.schedule} | told


def _lines(trace: Trace, count: int) -> tuple[str, ...]:
    """The first moves as the servers answered them at that time: a reply that comes later is left out."""
    known = [move for move in moves(trace) if move.number <= count]
    late = [move for move in known if move.until and move.until.number > count]
    return tuple(
        f"{move.number:2}  {move.actor}: {move.command}  → {'…' if move in late else move.reply}"
        for move in known
    )
