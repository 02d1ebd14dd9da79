"""hw06: each order gets one gift, at an outside service that loses replies."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Protocol

from common.backends import Clock
from common.database import Sql

REMEMBERED = timedelta(hours=24)  # so long the service knows a key; after that it is a new one to it


class NoAnswer(Exception):
    """The service did not answer. It has given the gift, or it has not, or it will yet."""


class OutOfGifts(Exception):
    """The service says no, for good: it has not given this gift."""


class Service(Protocol):
    """The outside service."""

    def give(self, key: str, order_id: str) -> str:
        """Give this order a gift; its number. The same key gets the same answer, and no second gift.

        Raises `OutOfGifts` and `NoAnswer`.
        """


class GiveGift:
    """A `Task`: gives one order its gift, and keeps a row of `gifts` that says what became of it.

    Guarantees, however often and by however many workers it is run, and wherever one of them is killed, that
    there is one gift at most. Needs to be run again after whatever it raises, and after a kill. What can no
    longer be found out is `unclear`: a person has to ask.
    """

    every: float | None = None

    def __init__(self, sql: Sql, service: Service, clock: Clock) -> None:
        self._sql = sql
        self._service = service
        self._clock = clock

    def run(self, payload: dict[str, Any]) -> None:
        """Give the order `payload["order"]` its gift, unless that is settled. Raises `NoAnswer`."""
        order_id: str = payload["order"]
        # <todo> Ask the service, and write down what it says.
        first_asked = self._begin(order_id)
        if first_asked is None:
            return
        if self._clock() - first_asked >= REMEMBERED:
            self._end(order_id, "unclear")
            return
        try:
            number = self._service.give(f"gift:{order_id}", order_id)
        except NoAnswer:
            return
        except OutOfGifts:
            self._end(order_id, "refused")
        else:
            self._end(order_id, "given", number)
        # </todo>

    # <mine>
    def _begin(self, order_id: str) -> datetime | None:
        """Write down that the service is being asked, before it is. When it first was; None: settled."""
        with self._sql() as db:
            db.run(
                "INSERT IGNORE INTO gifts (order_id, state, asked_at) VALUES (%s, 'asked', %s)",
                order_id,
                self._clock(),
            )
            row = db.one("SELECT state, asked_at FROM gifts WHERE order_id = %s", order_id)
        return row["asked_at"] if row and row["state"] == "asked" else None

    def _end(self, order_id: str, state: str, number: str | None = None) -> None:
        """Settle it. What another run has settled meanwhile stands."""
        with self._sql() as db:
            db.run(
                "UPDATE gifts SET state = %s, number = %s WHERE order_id = %s AND state = 'asked'",
                *(state, number, order_id),
            )

    # </mine>
