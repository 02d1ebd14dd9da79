"""A re-grade compared with the grading before: whose mark changed, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from homework.grader.result import CheckResult, Result

Key = tuple[str, str]


@dataclass(frozen=True)
class Change:
    """One submission whose points or checks changed. `why` is a sentence for each reason."""

    submission: str
    homework: str
    before: str
    after: str
    why: tuple[str, ...]

    @property
    def mark_changed(self) -> bool:
        return self.before != self.after


def compare(before: Sequence[Result], after: Sequence[Result]) -> list[Change]:
    """What changed, by homework and submission; what came out the same is left out."""
    old, new = _by_key(before), _by_key(after)
    changes = [_change(key, old.get(key), new.get(key)) for key in sorted(old.keys() | new.keys())]
    return [change for change in changes if change.why]


def _change(key: Key, old: Result | None, new: Result | None) -> Change:
    homework, submission = key
    return Change(submission, homework, _points(old), _points(new), tuple(_reasons(old, new)))


def _reasons(old: Result | None, new: Result | None) -> Iterator[str]:
    """The checks that came out otherwise, and then what else was not the same, which may be why."""
    if old is None or new is None:
        yield "was not graded before" if old is None else "is not graded any more"
        return
    found = [*_states(old, new), *_checks(old, new)]
    yield from found
    if found and old.grader != new.grader:
        yield f"the grader was {old.grader} and is {new.grader}"
    if found and old.seed != new.seed:
        yield f"the seed was {old.seed} and is {new.seed}"
    if not found and _points(old) != _points(new):
        yield "every check came out the same: the points were changed"


def _states(old: Result, new: Result) -> Iterator[str]:
    if old.state != new.state:
        yield f"{old.state} became {new.state}" + (f": {new.message}" if new.message else "")


def _checks(old: Result, new: Result) -> Iterator[str]:
    was = {check.id: check for check in old.checks}
    is_now = {check.id: check for check in new.checks}
    for id_, check in is_now.items():
        if id_ not in was:
            yield f"{check.title['en']} is new: {check.state}"
        elif (change := _changed(was[id_], check)) is not None:
            yield f"{check.title['en']} {change}"
    yield from (
        f"{check.title['en']} is no longer checked" for id_, check in was.items() if id_ not in is_now
    )


def _changed(old: CheckResult, new: CheckResult) -> str | None:
    if old.state != new.state:
        return f"was {old.state} and is {new.state}" + (f": {new.message}" if new.message else "")
    return f"was worth {old.of:g} and is worth {new.of:g}" if old.of != new.of else None


def _points(result: Result | None) -> str:
    return "–" if result is None else f"{result.points:g}/{result.of:g}"


def _by_key(results: Sequence[Result]) -> dict[Key, Result]:
    return {(each.homework, each.submission): each for each in results}
