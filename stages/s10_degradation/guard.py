"""Before each call to a server: is there time, does it answer, is there a place. And calls end in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, NamedTuple

import pymysql
import redis
from pymysql.constants import CR
from redis.connection import AbstractConnection, ConnectionPool

from common.backends import Backends
from common.database import Driver, Opener
from stages.s10_degradation.breaker import Breaker
from stages.s10_degradation.budget import TimeBudget
from stages.s10_degradation.bulkhead import Bulkhead, Full

CALLS = ("query", "begin", "commit", "rollback")  # the methods of a PyMySQL connection that ask the server


class RedisNotAsked(redis.TimeoutError):
    """Nothing was sent: there is no time left for it, or Redis has not answered of late."""


class MariaDBNotAsked(pymysql.OperationalError):
    """Nothing was sent: no time is left, MariaDB has not answered of late, or too many wait for it."""

    def __init__(self) -> None:
        super().__init__(CR.CR_SERVER_LOST, "not asked")


class Guard:
    """What stands before the calls that requests make to one server.

    Guarantees that such a call is over within what its `TimeBudget` allows, and that none is made while the
    breaker is open: `refusal` is raised instead, an error that callers know as "the server is away". Leaves
    alone whoever serves no request. A call that had little time left and was not answered in it says nothing
    about the server, and does not count against it.
    """

    def __init__(self, budget: TimeBudget, breaker: Breaker, refusal: type[Exception]) -> None:
        self.budget = budget
        self.breaker = breaker
        self._refusal = refusal

    def let_in(self) -> float | None:
        """Seconds for which this call may wait; None: as long as it likes."""
        seconds = self.budget.for_a_call()
        if seconds is not None and (seconds <= 0 or not self.breaker.lets_through()):
            raise self._refusal
        return seconds

    @contextmanager
    def answering(self, seconds: float | None) -> Iterator[None]:
        """In this block the server answers, within so many seconds, or does not. A "no" is an answer, too."""
        try:
            yield
        except Exception as error:
            if not is_silence(error):
                self.breaker.worked()
            elif seconds is not None and seconds >= self.budget.call / 2:
                self.breaker.failed()
            raise
        self.breaker.worked()


def is_silence(error: Exception) -> bool:
    """Whether nobody has answered. (MariaDB's numbers from 2000 to 2999 are the client's own.)"""
    if isinstance(error, pymysql.OperationalError):
        return error.args[0] in range(2000, 3000)
    return isinstance(error, pymysql.InterfaceError | redis.ConnectionError | redis.TimeoutError)


class Servers(NamedTuple):
    """The two servers, as the requests of this process know them."""

    redis: Guard
    mariadb: Guard

    def silent(self) -> list[str]:
        """What suffers while one of them does not answer."""
        suffers = {"stock": self.redis, "orders": self.mariadb}
        return [name for name, guard in suffers.items() if guard.breaker.state != "closed"]


def protect(b: Backends, budget: TimeBudget, breaker: Callable[..., Breaker], places: Bulkhead) -> Servers:
    """From now on every call through `b`, whoever makes it, passes these guards, and none before."""
    servers = Servers(
        Guard(budget, breaker(b.clock), RedisNotAsked), Guard(budget, breaker(b.clock), MariaDBNotAsked)
    )
    protect_redis(b.stock.connection_pool, servers.redis)
    assert isinstance(b.pool.connect, Opener)
    protect_mariadb(b.pool.connect, servers.mariadb, places)
    return servers


def protect_redis(pool: ConnectionPool, guard: Guard) -> None:
    kind = pool.connection_class
    if not issubclass(kind, GuardedRedis):
        kind = pool.connection_class = type(f"Guarded{kind.__name__}", (GuardedRedis, kind), {})
    kind.guard = guard


def protect_mariadb(opener: Opener, guard: Guard, places: Bulkhead) -> None:
    if not isinstance(opener.driver, GuardedMariaDB):
        opener.driver = GuardedMariaDB(opener.driver)
    opener.driver.guard, opener.driver.places = guard, places


class GuardedRedis(AbstractConnection):
    """A connection to Redis that is opened, and whose commands are sent, past the guard."""

    guard: Guard
    _opening = False  # greeting the server is part of that, and no call of its own

    def connect_check_health(self, *args: Any, **options: Any) -> None:
        if self.is_connected:
            return
        seconds = self.guard.let_in()
        self._opening = True
        try:
            with self.guard.answering(seconds):
                super().connect_check_health(*args, **options)
        finally:
            self._opening = False

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        if not self._opening:
            self.guard.let_in()
        super().send_packed_command(command, check_health)  # type: ignore[no-untyped-call]

    def read_response(self, *args: Any, **options: Any) -> Any:
        read, seconds = super().read_response, self.guard.budget.for_a_call()
        if seconds is None:
            return read(*args, **options)
        if seconds <= 0:
            self.disconnect()  # type: ignore[no-untyped-call]  # the answer comes when nobody waits for it
            raise redis.TimeoutError("no time left to hear the answer")
        options["timeout"] = seconds
        with nullcontext() if self._opening else self.guard.answering(seconds):
            return read(*args, **options)

    def _connect(self) -> Any:
        usual, seconds = self.socket_connect_timeout, self.guard.budget.for_a_call()
        self.socket_connect_timeout = usual if seconds is None else max(seconds, 0.001)
        try:
            return super()._connect()  # type: ignore[no-untyped-call, safe-super]
        finally:
            self.socket_connect_timeout = usual


class GuardedMariaDB:
    """What opens PyMySQL connections: by `driver`, in time, and such that their calls pass the guard."""

    guard: Guard
    places: Bulkhead

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def __call__(self, **options: Any) -> Any:
        seconds, usual = self.guard.let_in(), options["read_timeout"]
        if seconds is not None:
            options |= dict.fromkeys(("connect_timeout", "read_timeout", "write_timeout"), seconds)
        with self.guard.answering(seconds):
            connection = self._driver(**options)
        for name in CALLS:
            call = getattr(connection, name)
            setattr(connection, name, partial(self._in_time, connection, usual, call))
        return connection

    def _in_time(self, connection: Any, usual: float, call: Callable[..., Any], *args: Any) -> Any:
        seconds = self.guard.let_in()
        connection._read_timeout = connection._write_timeout = seconds or usual
        if seconds is None:
            return call(*args)
        try:
            with self.places.place("MariaDB"), self.guard.answering(seconds):
                return call(*args)
        except Full:
            raise MariaDBNotAsked from None
