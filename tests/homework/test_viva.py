"""A viva card asks about that student's own runs, and its answers are what the servers said."""

from __future__ import annotations

from typing import Any

from homework.grader.results import Result
from homework.grader.viva import card
from tests.homework import school


def of(traces: list[Any], author: str = "lin") -> Result:
    return school.result("20260001", author, "PPPPPP", traces=traces)


def kinds(result: Result) -> list[str]:
    return [question.kind for question in card(result).questions]


def test_the_most_telling_two_are_asked() -> None:
    assert kinds(of(school.TRACES)) == ["contrast", "lock"]
    assert kinds(of(school.TRACES[1:2])) == ["lock", "reply"]
    assert kinds(of(school.TRACES[:1])) in (["reply", "order"], ["last_reply", "order"])
    assert kinds(of([])) == []


def test_the_same_result_gives_the_same_card_and_another_student_gets_another() -> None:
    assert card(of(school.TRACES)) == card(of(school.TRACES))
    asked = {
        tuple(question.ask("en") for question in card(of(school.TRACES, author)).questions)
        for author in ("lin", "wang", "zhao", "qian", "sun")
    }
    assert len(asked) > 1


def test_every_answer_is_in_the_trace_and_not_in_what_may_be_shown() -> None:
    for traces in (school.TRACES, school.TRACES[1:], school.TRACES[:1]):
        for question in card(of(traces)).questions:
            if question.kind == "reply":
                step = question.trace.steps[question.until]
                assert f"`{step['reply']}`" in question.answer("en")
                assert step["command"] in question.ask("en")
            if question.kind == "lock":
                waiting = question.trace.steps[question.until - 1]
                assert waiting["reply"].startswith("waits")
                assert question.values["end"] not in [
                    s["command"] for s in question.trace.steps[: question.until]
                ]


def test_a_contrast_is_between_two_real_replies() -> None:
    question = card(of(school.TRACES)).questions[0]
    assert {question.values["before"], question.values["reply"]} == {"1 row", "0 rows"}
    for language in ("en", "zh"):
        assert "COMMIT" in question.answer(language)


def test_braces_and_markup_in_a_command_are_text() -> None:
    odd = [{"actor": "A", "server": "Redis", "command": "SET {42} <b>", "reply": "{x}"}] * 2
    asked = card(of([{"schedule": "AA", "steps": odd}])).questions
    assert "SET {42} <b>" in asked[0].ask("zh")
