"""A reader of server-sent events, as a browser is one: reads what comes, and connects again when told to."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from common.lab.sockets import OnUnixSocket
from common.running import Running
from tests import edge
from tests.edge import Answer


class Event(NamedTuple):
    id: str
    ticket: dict[str, Any]


class Stream:
    """One open stream. Its answer has begun when it is there; `TimeoutError` when nothing comes for 30 s."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.netloc, timeout=30)
        self._connection.request("GET", parts.path, headers=dict(headers))
        self.response = self._connection.getresponse()
        self.status = self.response.status

    def blocks(self) -> Iterator[dict[str, str]]:
        """What comes between two empty lines, field by field, until the stream ends. A comment is a field
        without a name."""
        fields: dict[str, str] = {}
        while line := self.response.readline().decode():
            if line == "\n":
                yield fields
                fields = {}
            else:
                name, _, value = line.rstrip("\n").partition(":")
                fields[name] = value.removeprefix(" ")

    def events(self) -> Iterator[Event]:
        """The events, until the stream ends."""
        for fields in self.blocks():
            if "data" in fields:
                yield Event(fields["id"], json.loads(fields["data"]))

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def nobody_works(shop: Running) -> Iterator[None]:
    """Tickets stay queued: the workers stand still for the length of the block."""
    for worker in shop.workers:
        worker.pause()
    try:
        yield
    finally:
        for worker in shop.workers:
            worker.resume()


def bearer(shop: Running, buyer: int) -> dict[str, str]:
    return {"Authorization": f"Bearer {shop.buyer_token(buyer)}"}


def press(shop: Running, sale: int, buyer: int, **headers: str) -> Answer:
    """One unit for a buyer, over HTTP."""
    return edge.press(shop, sale, buyer, **headers)


def ticket_for(shop: Running, sale: int, buyer: int) -> str:
    """The address of the ticket that a press was answered with."""
    answer = press(shop, sale, buyer)
    assert answer.status == 202, answer.body
    return shop.url + str(answer.headers["Location"])


def follow(shop: Running, ticket: str, buyer: int, **headers: str) -> Stream:
    return Stream(f"{ticket}/events", {**bearer(shop, buyer), **headers})


def open_streams(shop: Running) -> int:
    """How many streams the events process says it has open."""
    assert shop.events_address
    with closing(OnUnixSocket(shop.events_address)) as connection:
        connection.request("GET", "/healthz")
        return int(json.load(connection.getresponse())["streams"])
