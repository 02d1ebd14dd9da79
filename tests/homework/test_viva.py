"""A viva card asks about that student's own runs, and its answers are what the servers said."""

from __future__ import annotations

from typing import Any

import pytest

from homework.grader.result import Result
from homework.grader.viva import (
    LANGUAGES,
    Question,
    card,
    counts,
    failures,
    locks,
    moves,
    orders,
    places,
    replies,
    standing,
)
from tests.homework import school


def of(traces: list[Any], author: str = "lin") -> Result:
    return school.result("20260001", author, "PPPPPP", traces=traces)


def kinds(result: Result) -> list[str]:
    return [question.kind for question in card(result).questions]


def questions(result: Result, kind: Any) -> list[Question]:
    return [question for trace in result.traces for question in kind(trace)]


def test_the_most_telling_two_are_asked() -> None:
    assert kinds(of(school.TRACES)) == ["contrast", "lock"]
    different = [step | {"command": f"GET {number}"} for number, step in enumerate(school.TRACES[0]["steps"])]  # type: ignore[arg-type]
    assert kinds(of([{"schedule": "AAABB", "steps": different}])) in (
        ["reply", "order"],
        ["last_reply", "order"],
    )
    assert kinds(of([{"schedule": "", "steps": []}])) == kinds(of([])) == ["place", "place"]


@pytest.mark.parametrize(
    ("states", "costs", "expected"),
    [
        ("PPPPPP", (4, 3, 411), ["counted", "place"]),
        ("PPPPFS", None, ["compared", "place"]),
        ("FSSSSS", None, ["compared", "skipped"]),
        ("FFFFFF", None, ["compared", "compared"]),
        ("NNNNNN", None, ["not_started", "not_started"]),
        ("PEEEEE", None, ["place", "standing"]),
        ("FEEEEE", None, ["compared", "standing"]),
    ],
)
def test_without_a_trace_two_questions_come_from_the_checks(states: str, costs: Any, expected: Any) -> None:
    result = school.result("20260001", "lin", states, costs, traces=[])
    assert kinds(result) == expected
    one, other = card(result).questions
    for language in LANGUAGES:
        assert one.ask(language) != other.ask(language)
        assert "None" not in one.answer(language) + other.answer(language)


def test_their_answers_are_what_the_result_holds() -> None:
    result = school.result("20260001", "lin", "PPPFSN", (4, 3, 411), traces=[])
    failed, counted, place, *_more, stands = [
        question for kind in (failures, counts, places, standing) for question in kind(result)
    ]
    assert failed.answer("en") == f"{school.SAID['conserved']} Expected: `1 order`; seen: `2 orders`."
    assert counted.answer("en") == "4 round trips, 3 SQL statements, 411 bytes."
    assert "In `swap.py`: " in place.answer("en")
    assert stands.answer("zh").startswith("通过：换尺码; 尺码售罄时拒绝; 任何尺码都不超卖。没有通过：")
    result.checks[3].seen = None
    assert [each.answer("en") for each in failures(result)] == [school.SAID["conserved"]]


def test_a_result_of_a_homework_that_is_no_more_has_its_card() -> None:
    gone = school.result("20260001", "lin", "PPPPPF", traces=[], homework="hw99")
    assert kinds(gone) == ["compared", "standing"]


def test_who_takes_one_step_only_is_asked_about_two_runs() -> None:
    def played(title: str, reply: str) -> dict[str, Any]:
        step = {"actor": "A", "server": "Redis", "command": "script left:tea", "reply": reply}
        return {"title": title, "schedule": "A", "steps": [step]}

    one, other = card(of([played("the last tea", "[taken]"), played("no tea", "[sold_out, 1]")])).questions
    assert {one.about, other.about} == {"the last tea", "no tea"}
    assert one.answer("en") != other.answer("en")


def test_the_same_result_gives_the_same_card_and_another_student_gets_another() -> None:
    assert card(of(school.TRACES)) == card(of(school.TRACES))
    asked = {
        tuple(question.ask("en") for question in card(of(school.TRACES, author)).questions)
        for author in ("lin", "wang", "zhao", "qian", "sun")
    }
    assert len(asked) > 1


def test_a_reply_that_was_waited_for_belongs_to_the_command_that_waited() -> None:
    (waited,) = [move for move in moves(of(school.TRACES).traces[1]) if move.until]
    assert (waited.number, waited.actor, waited.command, waited.reply) == (4, "B", school.UPDATE, "0 rows")
    assert (waited.until.number, waited.until.command) == (5, "COMMIT")  # type: ignore[union-attr]


def test_no_answer_is_in_what_may_be_shown() -> None:
    for question in questions(of(school.TRACES), replies):
        assert len(question.shown) == int(str(question.values["number"])) - 1
    (lock,) = questions(of(school.TRACES), locks)
    assert lock.shown[-1] == f" 4  B: {school.UPDATE}  …"
    assert not [line for line in lock.shown if "COMMIT" in line]
    assert "A's `COMMIT` gives it back" in lock.answer("en")


def test_a_contrast_is_between_two_real_replies_in_one_run() -> None:
    question = card(of(school.TRACES)).questions[0]
    assert (question.values["before"], question.values["reply"]) == ("1 row", "0 rows")
    for language in ("en", "zh"):
        assert "`COMMIT` → `OK`" in question.answer(language)  # type: ignore[arg-type]


def test_two_ids_that_nobody_named_are_not_taken_for_the_same_row() -> None:
    steps = [
        {
            "actor": actor,
            "server": "MariaDB",
            "command": "SELECT * FROM orders WHERE id = '…'",
            "reply": reply,
        }
        for actor, reply in (("A", "status=placed"), ("B", "0 rows"))
    ]
    assert "contrast" not in kinds(of([{"schedule": "AB", "steps": steps}]))


def test_a_deadlock_is_not_said_to_be_given_back() -> None:
    steps = [dict(step) for step in school.TRACES[1]["steps"]]  # type: ignore[union-attr]
    steps[4] = {"actor": "A", "server": "MariaDB", "command": "UPDATE other", "reply": "1 row"}
    assert not questions(of([{"schedule": "AABBAB", "steps": steps}]), locks)


def test_braces_and_markup_in_a_command_are_text() -> None:
    odd = [{"actor": "A", "server": "Redis", "command": "SET {42} <b>", "reply": "{x}"}] * 2
    (asked,) = questions(of([{"schedule": "AA", "steps": odd}]), orders)
    assert "SET {42} <b>" in asked.answer("zh")
