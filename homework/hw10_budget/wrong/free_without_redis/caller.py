"""hw10: who asks another service, and asks again, in the time that is left."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Protocol

from budget import RetryBudget
from pause import SHORTEST, pause
from redis import RedisError

TRIES = 3  # of one call: the first, and two retries
TRY = 400  # ms that one try may take, if so much is left


class No(Exception):
    """The service says no, for good: it has not done it, and would say no again."""


class Failure(Exception):
    """A try that failed.

    `unknown`: it may have been done, or may be yet; otherwise it was not. `retry_after`: for so many ms the
    service wants nobody back. `again`: whether it is any use to try again; not where somebody further down
    has done so, or has decided not to.
    """

    def __init__(self, unknown: bool = False, retry_after: int = 0, again: bool = True) -> None:
        super().__init__(f"{unknown=}, {retry_after=}, {again=}")
        self.unknown, self.retry_after, self.again = unknown, retry_after, again


class Service(Protocol):
    """A service that can be asked to do something."""

    def send(self, body: str, key: str | None, within: int) -> str:
        """Do what `body` says; the answer. Whoever asks stops waiting after `within` ms.

        The same key gets the same answer, and nothing is done twice; without a key, each time is another.
        Raises `No` and `Failure`.
        """


class Time(Protocol):
    """The time, in ms. It goes on while others are asked, and a sleep may take longer than was asked for."""

    def now(self) -> int: ...

    def sleep(self, ms: int) -> None: ...


class Caller:
    """A `Service` that asks another one, and asks it again where that is safe, in time, and in the budget.

    Guarantees that no try begins too late to end within the caller's time, and none is given more than is
    left of that; that nothing is sent again that may be done twice; and that those above it, if they are
    `Caller`s too, do not try again what it has tried. Without Redis it makes first tries and no others. Does
    not count the time that Redis takes.
    """

    def __init__(
        self, service: Service, budget: RetryBudget, time: Time, draw: Callable[[], float] = random.random
    ) -> None:
        self._service, self._budget, self._time, self._draw = service, budget, time, draw

    def send(self, body: str, key: str | None, within: int) -> str:
        """What the service answers. Raises `No`; and `Failure` when there is no further try: then `unknown`
        says whether any try may have done it, and `retry_after` is the last one's."""
        ends, tries, failed = self._time.now() + within, 0, Failure(again=False)
        while (left := ends - self._time.now()) >= SHORTEST:
            tries += 1
            if tries == 1:
                self._earn()
            try:
                return self._service.send(body, key, min(left, TRY))
            except Failure as new:
                failed = Failure(failed.unknown or new.unknown, new.retry_after, again=False)
                safe = new.again and (key is not None or not new.unknown)
            if not safe or tries == TRIES:
                break
            wait = pause(tries, ends - self._time.now(), failed.retry_after, self._draw())
            if wait is None or not self._take():
                break
            self._time.sleep(wait)
        raise failed

    def _earn(self) -> None:
        try:
            self._budget.first()
        except RedisError:
            return  # nobody is turned away for that

    def _take(self) -> bool:
        """Asked last: what it grants is paid."""
        try:
            return self._budget.retry()
        except RedisError:
            return True

