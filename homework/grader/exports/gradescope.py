"""A result as Gradescope's results.json (gradescope-autograders.readthedocs.io/en/latest/specs).

Late days are Gradescope's own business there: the score is as graded.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from homework.grader.board import MEASURES
from homework.grader.result import CheckResult, Result
from homework.grader.results import both


def gradescope(results: Iterable[Result]) -> dict[str, Any]:
    """One document for the homework of one student.

    The score is said as a whole, not left to the sum of the tests: what a failing grader could not give is
    spread over the rest, so that it costs no points. When the grader failed altogether there is no score.
    """
    all_of_them = list(results)
    told: dict[str, Any] = {
        "execution_time": round(sum(each.seconds for each in all_of_them)),
        "output": "\n".join(_about(each) for each in all_of_them),
        "output_format": "text",
        "stdout_visibility": "hidden",
        "tests": [_test(each, check) for each in all_of_them for check in each.checks],
        "leaderboard": [
            {"name": measure.replace("_", " "), "value": getattr(each.costs, measure), "order": "asc"}
            for each in all_of_them
            if each.perfect and each.costs and len(all_of_them) == 1
            for measure in MEASURES
        ],
    }
    if all(each.state != "grader_error" for each in all_of_them):
        told["score"] = round(sum(_score(each) for each in all_of_them), 2)
    return told


def _score(result: Result) -> float:
    whole = sum(check.of for check in result.checks) or result.of
    return (result.share or 0.0) * whole


def _about(result: Result) -> str:
    said = (
        f"{result.homework}: {result.points:g} of {result.of:g} (seed {result.seed}, grader {result.grader})"
    )
    return f"{said}\n{result.message}" if result.message else said


def _test(result: Result, check: CheckResult) -> dict[str, Any]:
    test = {
        "name": both(check.title),
        "number": f"{result.homework}.{check.task}",
        "score": check.points,
        "max_score": check.of if check.counts else 0,
        "output": _output(check),
        "output_format": "text",
        "visibility": "visible",
    }
    return test | ({"status": check.state} if check.state in {"passed", "failed"} else {})


def _output(check: CheckResult) -> str:
    """What the student reads: the sentence, then how to see it."""
    lines = [check.message or check.state.replace("_", " ")]
    lines += [
        f"{what}: {value}" for what in ("expected", "seen") if (value := getattr(check, what)) is not None
    ]
    lines += [f"again: {check.replay}"] if check.replay else []
    return "\n".join([*lines, *([check.diagram] if check.diagram else [])])
