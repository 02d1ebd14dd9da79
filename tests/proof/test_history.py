"""A history keeps what each buyer was told, says unknown when nobody knows, and merges from processes."""

from dataclasses import replace

import pytest

from common.proof.history import (
    BrokenHistory,
    Told,
    answers_per_second,
    drain,
    end_of,
    merge,
    quantile,
    quantile_to_end,
    understand,
)


def told(attempt: int, waited: float | None = 0.1, **rest: object) -> Told:
    answered_at = None if waited is None else 100 + waited
    fields = {"buyer_id": 1, "quantity": 1, "key": "k", "planned_at": 100.0, "sent_at": 100.0, "status": 409}
    return Told(attempt=attempt, answered_at=answered_at, outcome="refused", **{**fields, **rest})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "body", "outcome", "code"),
    [
        (201, {"id": "o1"}, "accepted", None),
        (200, {"id": "o1"}, "accepted", None),
        (409, {"type": "sold_out"}, "refused", "sold_out"),
        (410, {"type": "/problems/ended"}, "refused", "ended"),
        (429, {"type": "too_many"}, "refused", "too_many"),
        (404, None, "refused", "http_404"),
        (409, {"type": 7}, "refused", "http_409"),
        (503, {"type": "busy"}, "unknown", "busy"),
        (503, {"type": "busy", "taken": False}, "refused", "busy"),
        (503, {"type": "busy", "taken": True}, "unknown", "busy"),
        (503, {"type": "busy", "taken": 0}, "unknown", "busy"),
        (302, {"taken": False}, "unknown", "http_302"),
        (500, "<html>", "unknown", "http_500"),
        (502, None, "unknown", "http_502"),
        (201, None, "unknown", "http_201"),
        (201, {"id": 7}, "unknown", "http_201"),
        (202, {"id": "t1", "state": "queued"}, "unknown", "queued"),
        (202, None, "unknown", "http_202"),
        (302, None, "unknown", "http_302"),
    ],
)
def test_only_a_clear_no_is_a_refusal(status: int, body: object, outcome: str, code: str | None) -> None:
    answer = understand(status, body)
    assert (answer.outcome, answer.code) == (outcome, code)
    assert (answer.order_id == "o1") == (outcome == "accepted")


@pytest.mark.parametrize(
    ("ticket", "outcome", "code"),
    [
        ({"state": "ordered", "order_id": "o1"}, "accepted", None),
        ({"state": "refused", "problem": "sold_out"}, "refused", "sold_out"),
        ({"state": "queued"}, None, None),
        ({"state": "working", "order_id": None}, None, None),
        ({"state": "ordered"}, None, None),
        ([], None, None),
    ],
)
def test_a_ticket_ends_as_an_order_or_a_refusal(
    ticket: object, outcome: str | None, code: str | None
) -> None:
    end = end_of(ticket)
    assert (end and end.outcome, end and end.code) == (outcome, code)


def test_only_a_ticket_that_has_not_ended_is_open() -> None:
    assert understand(202, {"id": "t1", "state": "queued"}).open
    assert not understand(503, None).open


def test_only_who_is_busy_and_has_taken_nothing_asks_to_come_again() -> None:
    assert understand(503, {"type": "busy", "taken": False}).come_again
    assert not understand(503, {"type": "busy"}).come_again
    assert not understand(409, {"type": "sold_out"}).come_again


def test_histories_of_several_processes_become_one_in_order() -> None:
    one, other = [told(5), told(1, None, status=None)], [told(3, key="键", code="sold_out")]
    sent = [[Told.from_line(each.to_line()) for each in history] for history in (one, other)]
    assert merge(sent) == [told(1, None, status=None), told(3, key="键", code="sold_out"), told(5)]


def test_an_attempt_told_twice_is_an_error() -> None:
    with pytest.raises(BrokenHistory, match="attempt 5 is told twice"):
        merge([[told(5)], [told(5)]])


@pytest.mark.parametrize(
    "line",
    ["", "{}", "[]", "7", '{"attempt": 1', told(1).to_line().replace("refused", "perhaps"),
     told(1).to_line().replace("refused", "accepted")],
)  # fmt: skip
def test_a_broken_line_is_shown(line: str) -> None:
    with pytest.raises(BrokenHistory, match="this is not a line of a history"):
        Told.from_line(line)


def test_latency_counts_from_the_planned_press() -> None:
    assert told(1, 2.5, sent_at=102.0).latency == 2.5
    assert told(1, None).latency is None


def test_quantiles_are_of_the_answered() -> None:
    history = [told(n, n / 100) for n in range(1, 101)] + [told(101, None)]
    assert quantile(history, 0.5) == pytest.approx(0.50)
    assert quantile(history, 0.99) == pytest.approx(0.99)
    assert quantile(history, 1) == pytest.approx(1.00)
    assert quantile(history, 0) == pytest.approx(0.01)
    assert quantile([told(1, None)], 0.5) is None


def test_answers_per_second_count_the_answered_over_the_whole_time() -> None:
    assert answers_per_second([told(1, 0.5), told(2, 2.0), told(3, None)]) == pytest.approx(1.0)
    assert answers_per_second([told(1, 0.5), told(2, 2.0, sent_away=3)]) == pytest.approx(2.5)
    assert answers_per_second([told(3, None)]) is None


def test_the_time_to_the_end_is_that_of_those_who_know() -> None:
    history = [told(1, 0.1, ended_at=103.0), told(2, 0.1, ended_at=101.0), told(3, 0.1)]
    assert quantile_to_end(history, 1) == pytest.approx(3.0)
    assert quantile_to_end(history, 0.5) == pytest.approx(1.0)


def test_the_drain_goes_from_the_last_planned_press_to_when_everybody_knew() -> None:
    planned_last, slow = told(2, 0.1, ended_at=101.0), told(1, 0.1, ended_at=103.0)
    after_a_second = replace(planned_last, planned_at=101.0)
    assert drain([slow, planned_last]) == pytest.approx(3.0)
    assert drain([slow, after_a_second]) == pytest.approx(2.0)
    assert drain([slow, told(3, 0.1)]) is None, "somebody does not know to this day"
    assert drain([]) is None
