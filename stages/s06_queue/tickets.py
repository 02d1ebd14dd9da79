"""Tickets in Redis: a hash for each, beside the stock of its sale, and a channel that tells of every move."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from redis import Redis, RedisError

from common.backends import Keys
from common.shop import Reservation, Ticket

log = logging.getLogger(__name__)

ID = re.compile(r"(?P<sale>[1-9]\d{0,18})-(?P<token>[\w-]{1,64})", re.ASCII)
CHANNEL = "tickets"


def ticket_id(reservation: Reservation) -> str:
    """The sale's number, so that a ticket is found on the sale's node, and a token that nobody can guess."""
    return f"{reservation.attempt.sale_id}-{reservation.token}"


def ticket_key(keys: Keys, ticket: str) -> str | None:
    """Where the ticket lies; None when nothing of ours can be called so."""
    found = ID.fullmatch(ticket)
    return found and keys(int(found["sale"]), f"ticket:{found['token']}")


class RedisTickets:
    """The `Tickets` of s06. Raises `RedisError` when Redis cannot be asked.

    Guarantees that whoever hears of a move and reads the ticket sees it moved. Does not remember a ticket for
    longer than `KEEP` after its end, nor through a Redis that lost its memory. Costs one subscription for
    each process that listens, however many wait there.
    """

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    def get(self, ticket_id: str) -> Ticket | None:
        key = ticket_key(self._keys, ticket_id)
        fields = self._redis.hgetall(key) if key else {}
        return _ticket(ticket_id, fields) if fields else None

    def changes(self, stop: Callable[[], bool]) -> Iterator[str]:
        while not stop():
            try:
                yield from self._listen(stop)
            except RedisError as error:
                log.warning("not hearing of tickets: %s", error)
                time.sleep(0.2)

    def _listen(self, stop: Callable[[], bool]) -> Iterator[str]:
        with self._redis.pubsub(ignore_subscribe_messages=True) as messages:  # type: ignore[no-untyped-call]
            messages.subscribe(self._keys.shared(CHANNEL))
            messages.get_message(timeout=5)  # the server has agreed: from here on nothing is missed
            yield ""
            while not stop():
                message = messages.get_message(timeout=0.2)
                if message:
                    yield message["data"].decode()


def _ticket(ticket: str, fields: dict[Any, Any]) -> Ticket:
    told = {name.decode(): value.decode() for name, value in fields.items()}
    return Ticket(
        id=ticket,
        sale_id=int(ticket.partition("-")[0]),
        buyer_id=int(told["buyer"]),
        state=told["state"],
        order_id=told.get("order"),
        problem=told.get("problem"),
    )
