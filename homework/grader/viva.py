"""Viva cards: two questions about what a student's own code did, with their answers.

Who wrote the code can say in a minute what it sends, what comes back, and why; who did not cannot, however
the code came about. The questions are made from the traces in result.json, so they differ from student to
student; the same result always gives the same card.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random

from homework.grader.result import Result, Trace
from homework.grader.results import Language
from homework.grader.words import say

Step = dict[str, str]  # actor, server, command, reply

END = ("COMMIT", "ROLLBACK")
DULL = (*END, "BEGIN", "START TRANSACTION")  # everybody knows what these answer
WAITS = "waits"  # how the reply of a step begins that has to wait for a lock


@dataclass(frozen=True)
class Question:
    """What to ask, and the answer. The first `until` steps of the trace may be shown with the question."""

    kind: str
    values: dict[str, object]
    trace: Trace
    until: int

    def ask(self, language: Language) -> str:
        return say(language, f"viva.{self.kind}", **self.values)

    def answer(self, language: Language) -> str:
        return say(language, f"viva.{self.kind}_answer", **self.values)


@dataclass(frozen=True)
class Card:
    """No questions means that the grader recorded no trace: let the student explain a run."""

    result: Result
    questions: tuple[Question, ...]


def card(result: Result) -> Card:
    """Two questions of different kinds, the more telling kinds first."""
    draw = Random(f"{result.submission} {result.homework}")
    chosen: list[Question] = []
    for kind in KINDS:
        candidates = list(kind(result.traces))
        if candidates and len(chosen) < 2:
            chosen.append(draw.choice(candidates))
    return Card(result, tuple(chosen))


def contrasts(traces: Sequence[Trace]) -> Iterator[Question]:
    """The same actor sends the same command in two schedules, and gets two replies."""
    for one, other in combinations(traces, 2):
        for at, step in enumerate(other.steps):
            before = _find(one, step)
            others = [_told(each) for each in other.steps[:at] if each["actor"] != step["actor"]]
            if (
                before
                and others
                and before["reply"] != step["reply"]
                and not _waits(before)
                and not _waits(step)
            ):
                values = {"one": one.schedule, "other": other.schedule, "before": before["reply"]}
                yield Question("contrast", _of(step) | values | {"did": "; ".join(others[-3:])}, other, 0)


def locks(traces: Sequence[Trace]) -> Iterator[Question]:
    """A step that has to wait for a lock: who holds it, and until when."""
    for trace in traces:
        for at, step in enumerate(trace.steps):
            later = [each for each in trace.steps[at + 1 :] if each["actor"] != step["actor"]]
            end = next((each for each in later if each["command"].upper().startswith(END)), None)
            if _waits(step) and end:
                values = {
                    "schedule": trace.schedule,
                    "number": at + 1,
                    "holder": end["actor"],
                    "end": end["command"],
                }
                yield Question("lock", _of(step) | values, trace, at + 1)


def replies(traces: Sequence[Trace]) -> Iterator[Question]:
    """What comes back, and what the code does with it."""
    for trace in traces:
        for at, step in enumerate(trace.steps):
            if not _waits(step) and not step["command"].upper().startswith(DULL):
                own = [each["command"] for each in trace.steps[at + 1 :] if each["actor"] == step["actor"]]
                values = {"schedule": trace.schedule, "number": at + 1, "follows": (own or [""])[0]}
                yield Question("reply" if own else "last_reply", _of(step) | values, trace, at)


def orders(traces: Sequence[Trace]) -> Iterator[Question]:
    """The order of one's own commands: the least telling, for when there is nothing else."""
    for trace in traces:
        own = [step["command"] for step in trace.steps if step["actor"] == trace.steps[0]["actor"]]
        if len(own) > 1:
            values = {"number": len(own), "commands": "; ".join(f"`{command}`" for command in own)}
            yield Question("order", values, trace, 0)


KINDS: tuple[Callable[[Sequence[Trace]], Iterator[Question]], ...] = (contrasts, locks, replies, orders)


def _of(step: Step) -> dict[str, object]:
    return dict(step)


def _told(step: Step) -> str:
    return f"{step['actor']}: `{step['command']}` → `{step['reply']}`"


def _find(trace: Trace, wanted: Step) -> Step | None:
    """The step with the same actor and command, if there is exactly one."""
    same = [
        each
        for each in trace.steps
        if (each["actor"], each["command"]) == (wanted["actor"], wanted["command"])
    ]
    return same[0] if len(same) == 1 else None


def _waits(step: Step) -> bool:
    return step["reply"].startswith(WAITS)
