"""The history: what each buyer was told, attempt by attempt. Half of what the oracle judges by."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Literal, NamedTuple, Self, get_args

Outcome = Literal["accepted", "refused", "unknown"]


class BrokenHistory(ValueError):
    """A history that cannot be read or merged; the text says where."""


@dataclass(frozen=True)
class Told:
    """One attempt, and what its buyer was told.

    `accepted` and `refused` are only what the shop said clearly. Everything else is `unknown`: a 5xx that
    does not say that nothing was taken, a time-out, a cut connection. The buyer of an unknown attempt may own
    an order, or may not.

    A 202 is a promise, no answer: the buyer follows the ticket, and `outcome`, `code` and `order_id` are what
    it ended as. A ticket that did not end in time is `unknown`.

    Times are seconds since 1970. `planned_at` is when the buyer meant to press, `sent_at` when the request
    left; an overloaded generator shows as a gap between the two. `answered_at` and `status` (HTTP) are of the
    answer to the press, None when there was none. `ended_at` is when the buyer knew for good: then, or when
    the ticket was seen to have ended; None when that never came. `code` is the last part of the problem
    document's `type`.

    `sent_away` is how often the buyer was told `busy`, and came again. The answer is then that of the last
    time, and `sent_at` is of the first.
    """

    attempt: int
    buyer_id: int
    quantity: int
    key: str
    planned_at: float
    sent_at: float
    answered_at: float | None
    status: int | None
    outcome: Outcome
    code: str | None = None
    order_id: str | None = None
    ticket_id: str | None = None
    ended_at: float | None = None
    sent_away: int = 0

    def __post_init__(self) -> None:
        if self.outcome not in get_args(Outcome):
            raise ValueError(f"outcome is {self.outcome!r}, not one of {', '.join(get_args(Outcome))}")
        if self.outcome == "accepted" and self.order_id is None:
            raise ValueError("accepted, but without an order id")

    @property
    def latency(self) -> float | None:
        """Seconds from the planned press to the answer: what the buyer waited, whoever was late."""
        return None if self.answered_at is None else self.answered_at - self.planned_at

    @property
    def time_to_end(self) -> float | None:
        """Seconds from the planned press until the buyer knew for good."""
        return None if self.ended_at is None else self.ended_at - self.planned_at

    def to_line(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_line(cls, line: str) -> Self:
        """The opposite of `to_line`; `BrokenHistory` on anything else."""
        try:
            return cls(**json.loads(line))
        except (ValueError, TypeError) as error:
            raise BrokenHistory(f"this is not a line of a history: {line[:80]!r} ({error})") from error


class Answer(NamedTuple):
    """What came back for one request, as far as the oracle cares."""

    status: int | None
    outcome: Outcome
    code: str | None = None
    order_id: str | None = None
    ticket_id: str | None = None

    @property
    def come_again(self) -> bool:
        """The same press may get another answer later: it is `busy`, and nothing was taken."""
        return self.status == HTTPStatus.SERVICE_UNAVAILABLE and self.outcome == "refused"

    @property
    def open(self) -> bool:
        """It is a ticket that has not ended."""
        return self.ticket_id is not None and self.outcome == "unknown"


def understand(status: int, body: object) -> Answer:
    """What an HTTP answer with this JSON body tells the buyer.

    A success without an order id is unknown, as is every 5xx that does not say that nothing was taken: the
    shop may have failed after the order was written. So is a 202, until its ticket has ended. A 4xx is a
    refusal even without a proper problem document.
    """
    said = body if isinstance(body, dict) else {}
    if status == HTTPStatus.ACCEPTED and isinstance(said.get("id"), str):
        return Answer(status, "unknown", str(said.get("state")), ticket_id=said["id"])
    if status in {200, 201} and isinstance(said.get("id"), str):
        return Answer(status, "accepted", order_id=said["id"])
    kind = said.get("type")
    code = kind.rpartition("/")[2] if isinstance(kind, str) else f"http_{status}"
    clear = 400 <= status < 500 or (status >= 500 and said.get("taken") is False)
    return Answer(status, "refused" if clear else "unknown", code)


def end_of(ticket: object) -> Answer | None:
    """What a ticket (the JSON of `GET /api/tickets/{id}`) has ended as. None: it has not, or is no ticket."""
    said = ticket if isinstance(ticket, dict) else {}
    if said.get("state") == "ordered" and isinstance(said.get("order_id"), str):
        return Answer(HTTPStatus.ACCEPTED, "accepted", order_id=said["order_id"])
    if said.get("state") == "refused":
        return Answer(HTTPStatus.ACCEPTED, "refused", str(said.get("problem")))
    return None


def merge(histories: Iterable[Iterable[Told]]) -> list[Told]:
    """One history out of several generators' own, by attempt number. No attempt may be told twice."""
    merged: dict[int, Told] = {}
    for told in (each for history in histories for each in history):
        if told.attempt in merged:
            raise BrokenHistory(f"attempt {told.attempt} is told twice")
        merged[told.attempt] = told
    return [merged[number] for number in sorted(merged)]


def quantile(history: Iterable[Told], share: float) -> float | None:
    """The latency in seconds that `share` (0 … 1) of the answered attempts did not exceed (nearest rank)."""
    return nearest_rank([told.latency for told in history], share)


def quantile_to_end(history: Iterable[Told], share: float) -> float | None:
    """The same of the time until the buyer knew for good. As precise as buyers with a ticket ask often."""
    return nearest_rank([told.time_to_end for told in history], share)


def nearest_rank(waits: Iterable[float | None], share: float) -> float | None:
    known = sorted(wait for wait in waits if wait is not None)
    return known[max(0, math.ceil(share * len(known)) - 1)] if known else None


def drain(history: Sequence[Told]) -> float | None:
    """Seconds from the last planned press until everybody knew for good; None while somebody does not."""
    ends = [told.ended_at for told in history]
    known = [end for end in ends if end is not None]
    if not known or len(known) < len(ends):
        return None
    return max(0.0, max(known) - max(told.planned_at for told in history))


def answers_per_second(history: Iterable[Told]) -> float | None:
    """Answers, also those that sent buyers away, over the time from the first press to the last answer."""
    answered = [
        (told.planned_at, told.answered_at, 1 + told.sent_away)
        for told in history
        if told.answered_at is not None
    ]
    if not answered:
        return None
    seconds = max(end for _, end, _ in answered) - min(start for start, _, _ in answered)
    return sum(answers for *_, answers in answered) / max(seconds, 0.001)
