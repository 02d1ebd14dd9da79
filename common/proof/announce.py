"""Connections that announce every step: one class for PyMySQL, one for redis-py. See common.proof.steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pymysql.connections import Connection
from redis.connection import AbstractConnection
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import NoScriptError
from redis.exceptions import TimeoutError as NoAnswer

from common.proof import wording
from common.proof.steps import Step, Watcher


class AnnouncedMariaDB(Connection):
    """A PyMySQL connection whose statements are announced, once it has greeted the server."""

    _watcher: Watcher | None = None

    def __init__(self, watcher: Watcher, **options: Any) -> None:
        super().__init__(**options)  # greets the server, with nobody watching yet
        self._watcher = watcher

    def query(self, sql: str | bytes | bytearray, unbuffered: bool = False) -> int:
        send = super().query
        return int(self._announce(sql, lambda: send(sql, unbuffered)))

    def begin(self) -> None:
        self._announce("BEGIN", super().begin)

    def commit(self) -> None:
        self._announce("COMMIT", super().commit)

    def rollback(self) -> None:
        self._announce("ROLLBACK", super().rollback)

    def _announce(self, sql: str | bytes | bytearray, send: Callable[[], Any]) -> Any:
        if self._watcher is None:
            return send()
        step = Step("MariaDB", wording.statement(sql), session=self.thread_id())  # type: ignore[no-untyped-call]
        self._watcher.before(step)
        try:
            answer = send()
        except BaseException as error:
            self._watcher.after(step, wording.error(error))
            raise
        self._watcher.after(step, "ok" if answer is None else wording.result(self._result))  # type: ignore[attr-defined]
        return answer


def announced(kind: type[AbstractConnection], watcher: Watcher) -> type[AbstractConnection]:
    """The redis-py connection class `kind`, announcing to `watcher`."""
    return type(f"Announced{kind.__name__}", (AnnouncedRedis, kind), {"watcher": watcher})


class AnnouncedRedis(AbstractConnection):
    """Announces each command or pipeline that a redis-py connection sends.

    A script that the server does not know yet costs three round trips (refused, loaded, run), the first time
    only: they are announced as one step, so that a count does not depend on who came first.
    """

    watcher: Watcher
    _greeting = False
    _packed: tuple[wording.Command, ...] = ()  # what goes out next
    _step: Step | None = None
    _replies: tuple[str, ...] = ()
    _missing = 0  # replies of the step that have not come yet
    _refused: Step | None = None  # a step whose script the server did not know

    def on_connect_check_health(self, check_health: bool = True) -> None:
        self._greeting = True
        try:
            super().on_connect_check_health(check_health)
        finally:
            self._greeting = False

    def pack_commands(self, commands: Iterable[wording.Command]) -> Any:
        self._packed = tuple(commands)
        return super().pack_commands(self._packed)  # type: ignore[no-untyped-call]

    def send_command(self, *args: Any, **options: Any) -> None:
        self._packed = (args,)
        super().send_command(*args, **options)  # type: ignore[no-untyped-call]

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        self._before(self._packed)
        try:
            super().send_packed_command(command, check_health)  # type: ignore[no-untyped-call]
        except BaseException as error:
            self._after(wording.error(error), last=True)
            raise

    def read_response(self, *args: Any, **options: Any) -> Any:
        try:
            reply = super().read_response(*args, **options)
        except NoScriptError:
            self._refused, self._step = self._step, None
            raise
        except BaseException as error:
            self._after(wording.error(error), last=isinstance(error, Disconnected | NoAnswer))
            raise
        self._after(wording.reply(reply))
        return reply

    def _before(self, commands: tuple[wording.Command, ...]) -> None:
        if self._greeting or not wording.is_announced(commands):
            return
        self._replies, self._missing = (), len(commands)
        step = wording.redis_step(commands)
        refused, self._refused = self._refused, None
        if refused == step:
            self._step = refused
            return
        if refused:
            self.watcher.after(refused, "error NOSCRIPT")
        self.watcher.before(step)
        self._step = step

    def _after(self, reply: str, last: bool = False) -> None:
        if self._greeting or self._step is None:
            return
        self._replies += (reply,)
        self._missing -= 1
        if last or not self._missing:
            step, self._step = self._step, None
            self.watcher.after(step, wording.several(self._replies))
