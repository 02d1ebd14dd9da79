"""A press that is answered before Flask gets the answer that Flask would give, and only if nothing is odd."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pymysql
import pytest
from werkzeug.test import TestResponse

from common.buyers import Buyer
from common.shop import Attempt, Ended, LimitReached, NotOpen, Order, Outcome, SoldOut, Ticket
from tests.conftest import Fresh, MakeApp
from tests.web.conftest import Site
from tests.world import HandClock

ORDINARY = {"Content-Type": "application/json"}
FOR_FLASK = {"Content-Type": "application/json; charset=utf-8"}  # means the same, and is not what is expected
OWN = {"X-Request-Id", "Date"}


class Spy:
    """Stands where the shop's `buy` is: keeps what it was asked, and answers as it was told to."""

    def __init__(self, answer: Callable[[Attempt], Outcome]) -> None:
        self._answer = answer
        self.asked: list[Attempt] = []

    def __call__(self, attempt: Attempt) -> Outcome:
        self.asked.append(attempt)
        return self._answer(attempt)


@pytest.fixture
def site(fresh: Fresh, make_app: MakeApp, clock: HandClock) -> Site:
    """s01, at a moment that stands still."""
    fresh("s01")
    return Site(make_app("s01", clock=clock))


@pytest.fixture
def by_flask(site: Site) -> list[str]:
    """The addresses that have come to Flask."""
    came: list[str] = []
    site.app.before_request_funcs.setdefault(None, []).insert(0, lambda: came.append("a press"))
    return came


def answer_with(site: Site, answer: Callable[[Attempt], Outcome], monkeypatch: pytest.MonkeyPatch) -> Spy:
    spy = Spy(answer)
    monkeypatch.setitem(vars(site.context.shop), "buy", spy)
    return spy


def press(
    site: Site, by: Buyer | None, sale: int = 7, body: bytes = b'{"quantity":2}', **headers: str
) -> TestResponse:
    return site.call("POST", f"/api/sales/{sale}/orders", by, data=body, headers={**ORDINARY, **headers})


def refuse(error: Exception) -> Callable[[Attempt], Outcome]:
    def answer(_: Attempt) -> Outcome:
        raise error

    return answer


def order(attempt: Attempt) -> Order:
    return Order(
        "0" * 36, attempt.sale_id, attempt.buyer_id, attempt.quantity, 990, "placed", attempt.deadline
    )


ANSWERS: dict[str, tuple[Callable[[Attempt], Outcome], int]] = {
    "an order": (order, 201),
    "a ticket": (lambda attempt: Ticket("7-abc", attempt.sale_id, attempt.buyer_id, "queued"), 202),
    "sold out": (refuse(SoldOut()), 409),
    "limit reached": (refuse(LimitReached()), 409),
    "not open": (
        lambda attempt: refuse(NotOpen(opens_at=attempt.deadline + timedelta(hours=1)))(attempt),
        403,
    ),
    "ended": (refuse(Ended()), 410),
    "a database that is away": (refuse(pymysql.OperationalError(2006, "gone")), 503),
    "a bug of ours": (refuse(RuntimeError("oops")), 500),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_both_ways_ask_the_same_and_answer_the_same(
    site: Site, by_flask: list[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    answer, status = ANSWERS[name]
    spy, buyer = answer_with(site, answer, monkeypatch), site.buyer()
    sent = {"Idempotency-Key": "the-same"}
    direct = press(site, buyer, **sent)
    assert by_flask == [], "the power check: Flask has not seen it …"
    usual = press(site, buyer, **sent, **FOR_FLASK)
    assert by_flask == ["a press"], "… and has seen the other"
    one, other = spy.asked
    assert alike(one) == alike(other)
    assert direct.status_code == usual.status_code == status
    assert direct.status == usual.status
    assert document(direct) == document(usual)
    assert headers(direct) == headers(usual)


def alike(attempt: Attempt) -> dict[str, Any]:
    return {name: value for name, value in vars(attempt).items() if name != "id"}


def document(answer: TestResponse) -> dict[str, Any]:
    return {name: value for name, value in json.loads(answer.data).items() if name != "instance"}


def headers(answer: TestResponse) -> dict[str, str]:
    """Without the request's own id and the length, in which Flask's line feed counts."""
    return {name: value for name, value in answer.headers.items() if name not in OWN | {"Content-Length"}}


ODD: dict[str, dict[str, Any]] = {
    "no token": {"by": None},
    "a forged token": {"Authorization": "Bearer forged"},
    "another scheme": {"Authorization": "Basic abc"},
    "a key that is none": {"Idempotency-Key": "a b"},
    "another type": {"Content-Type": "text/plain"},
    "nothing": {"body": b""},
    "no JSON": {"body": b"{"},
    "a text": {"body": b'{"quantity":"1"}'},
    "none": {"body": b'{"quantity":0}'},
    "too many": {"body": b'{"quantity":101}'},
    "a fraction": {"body": b'{"quantity":1.5}'},
    "twice": {"body": b'{"quantity":1,"quantity":2}'},
    "a price": {"body": b'{"quantity":1,"price":1}'},
    "more than that": {"body": b'{"quantity":1}' + b" " * 100},
    "an id that is none": {"sale": 0},
}


@pytest.mark.parametrize("name", ODD)
def test_whatever_is_odd_comes_to_flask_as_it_was_sent(
    site: Site, by_flask: list[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    answer_with(site, order, monkeypatch)
    answer = press(site, **{"by": site.buyer(), **ODD[name]})
    assert by_flask == ["a press"]
    if name == "more than that":
        assert answer.status_code == 201, "odd, but right"
    else:
        assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    "body", [b'{"quantity":1}', b'{"quantity": 9}', b'{"quantity":10}', b'{"quantity": 100}']
)
def test_what_clients_send_is_ordinary(
    site: Site, by_flask: list[str], monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    spy = answer_with(site, order, monkeypatch)
    assert press(site, site.buyer(), body=body).status_code == 201
    assert by_flask == []
    [attempt] = spy.asked
    assert attempt.quantity == json.loads(body)["quantity"]
    assert attempt.key == attempt.id, "without a key each press is one of its own"
