"""What the grader calls, in the sandbox, together with your files. Each function gets `Backends` first."""

from __future__ import annotations

import json
import socket
from typing import Any, Self

import pause as task_1
from budget import RetryBudget, Rule
from caller import Caller, Failure, No, Service
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from common.backends import Backends


class Client:
    """The courier as your code sees it, and the clock that you are judged by: a `Service` and a `Time`."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._lines = self._socket.makefile("rw", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._socket.close()

    def now(self) -> int:
        return int(self._ask(what="now")["at"])

    def sleep(self, ms: int) -> None:
        if ms < 0:
            raise ValueError("sleep length must be non-negative")
        self._ask(what="sleep", ms=ms)

    def send(self, body: str, key: str | None, within: int) -> str:
        said = self._ask(what="send", body=body, key=key, within=within)
        if "parcel" in said:
            return str(said["parcel"])
        if "no" in said:
            raise No(said["no"])
        raise Failure(said["unknown"], said["retry_after"], said["again"])

    def _ask(self, **question: Any) -> dict[str, Any]:
        self._lines.write(json.dumps(question) + "\n")
        self._lines.flush()
        answer = self._lines.readline()
        if not answer:
            raise ValueError(f"the courier does not understand {question}")
        return dict(json.loads(answer))


class Layer:
    """A service between: it works for so many ms, and then asks the next one by a `Caller` of yours."""

    def __init__(self, caller: Caller, client: Client, work: int) -> None:
        self._caller, self._client, self._work = caller, client, work

    def send(self, body: str, key: str | None, within: int) -> str:
        ends = self._client.now() + within
        self._client.sleep(self._work)
        return self._caller.send(body, key, ends - self._client.now())


def pause(_: Backends, tries: int, left: int, retry_after: int, draw: float) -> int | None:
    return task_1.pause(tries, left, retry_after, draw)


def budget(b: Backends, to: str, what: list[str], per: int = 10, most: int = 10) -> list[bool]:
    """For each "retry" in `what`, whether it may be made; True for each "first"."""
    asked = RetryBudget(b.stock, b.keys, to, Rule(per, most))
    return [asked.retry() if each == "retry" else asked.first() is None for each in what]


def send(
    b: Backends, *, path: str, to: str, key: str | None, within: int, draw: float = 0.0, redis: bool = True
) -> dict[str, Any]:
    """One call to the courier. `redis`: whether there is one."""
    with Client(path) as client:
        asked = RetryBudget(b.stock if redis else nowhere(), b.keys, to)
        return told(Caller(client, asked, client, lambda: draw), key, within)


def send_through(
    b: Backends, *, path: str, to: list[str], key: str | None, within: int, work: int
) -> dict[str, Any]:
    """One call through several services, each of which asks the next; the last one asks the courier.

    `to`: what each one's budget is called, from the courier's up.
    """
    with Client(path) as client:
        service: Service = client
        for number, name in enumerate(to):
            below = Layer(service, client, work) if number else client
            service = Caller(below, RetryBudget(b.stock, b.keys, name), client, lambda: 0.0)
        return told(service, key, within)


def told(service: Service, key: str | None, within: int) -> dict[str, Any]:
    """How it ended: with a parcel, with a no, or with a failure."""
    try:
        return {"parcel": service.send("a parcel for Ann", key, within)}
    except No as no:
        return {"no": str(no)}
    except Failure as failure:
        return {
            "unknown": failure.unknown,
            "retry_after": failure.retry_after,
            "again": failure.again,
        }


def nowhere() -> Redis:
    """A Redis that is not there."""
    return Redis(unix_socket_path="/nowhere.sock", retry=Retry(NoBackoff(), 0))
