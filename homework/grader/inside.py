"""Inside the sandbox: answers calls over pipes by running harness.py, which runs the student's code.

Run as `python inside.py CONFIG FD…`, one descriptor for each actor. Nothing here is to be trusted by the
other side, and nothing here knows a check, a solution or a verdict.

Lines of JSON. In: {"function", "arguments", "now", "watched"} to begin a call, {} as leave to take a step.
Out: {"arrived": step} before a round trip, then waits for leave; {"replied": text} after it; at the end
{"ended": …}. Without `watched` the call runs through, and its steps come with the end.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import asdict, is_dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pymysql import MySQLError
from redis import RedisError

from common.backends import Backends, database_name
from common.database import Opener, Pool
from common.proof import wording
from common.proof.announce import AnnouncedMariaDB
from common.proof.steps import Step, Watcher
from common.settings import Settings
from common.shop import Refused

PATIENCE = 200.0  # seconds; more than a check may take in all


class Actor:
    """One actor: a thread, a pipe, and `Backends` of its own, as a process of the shop would have."""

    def __init__(self, link: socket.socket, config: dict[str, Any]) -> None:
        self._link = link.makefile("rwb")
        self._watched = False
        self._steps: list[list[str]] = []
        self._now = datetime(2030, 1, 1, 12, tzinfo=UTC)
        settings = Settings(mysql_url=config["mysql_url"], redis_url=config["redis_url"])
        self._backends = patient(Backends.connect(config["stage"], settings, lambda: self._now), self)

    def before(self, step: Step) -> None:
        self._steps.append([step.server, step.label, ""])
        if self._watched:
            self._send(arrived=asdict(step))
            self._link.readline()

    def after(self, step: Step, reply: str) -> None:  # noqa: ARG002 - every watcher hears the same
        self._steps[-1][2] = reply
        if self._watched:
            self._send(replied=reply)

    def serve(self) -> None:
        for line in self._link:
            request = json.loads(line)
            self._now = datetime.fromisoformat(request["now"])
            self._watched, self._steps = request["watched"], []
            ended = self._run(request["function"], request["arguments"])
            self._send(ended=ended, steps=self._steps)

    def _run(self, function: str, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            if not function:
                self._connect()
                return {"value": None}
            return {"value": plain(self._find(function)(self._backends, **arguments))}
        except BaseException as error:  # whatever it is, it is what the student's code did
            return explain(error)

    def _connect(self) -> None:
        """Greet the servers, so that no later step has to."""
        with self._backends.sql() as db:
            db.one("SELECT 1")
        self._backends.stock.ping()

    def _find(self, function: str) -> Callable[..., Any]:
        with IMPORTING:
            return getattr(importlib.import_module("harness"), function)  # type: ignore[no-any-return]

    def _send(self, **message: Any) -> None:
        self._link.write(json.dumps(message).encode() + b"\n")
        self._link.flush()


IMPORTING = threading.Lock()


def patient(backends: Backends, watcher: Watcher) -> Backends:
    """Watched connections that wait for a reply as long as it takes: on a busy machine a late one is nobody's
    mistake, and what hangs is ended from outside."""
    watched = backends.observe(watcher)
    url, name = backends.settings.mysql_url, database_name(backends.keys.prefix)

    def driver(**options: Any) -> AnnouncedMariaDB:
        return AnnouncedMariaDB(watcher, **options | {"read_timeout": PATIENCE, "write_timeout": PATIENCE})

    watched.stock.connection_pool.connection_kwargs["socket_timeout"] = PATIENCE
    pool = Pool(Opener(url, name, driver), backends.settings.web_threads + 1)
    return replace(watched, pool=pool)


def plain(value: Any) -> Any:
    """Dataclasses and times as JSON has them."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    return value.isoformat() if isinstance(value, datetime) else value


def explain(error: BaseException) -> dict[str, Any]:
    """What was raised, in the few kinds that the other side tells apart."""
    if isinstance(error, NotImplementedError):
        return {"not_started": str(error)}
    if isinstance(error, Refused):
        return {"refused": error.type, "status": error.status, "detail": error.detail}
    if isinstance(error, MySQLError | RedisError):
        return {"database": wording.error(error), "detail": str(error)[:300], "where": where(error)}
    return {"raised": said(error), "where": where(error)}


def said(error: BaseException) -> str:
    """The class and the text of an error, even of one that cannot say its text."""
    try:
        return f"{type(error).__name__}: {str(error)[:300]}"
    except Exception:
        return type(error).__name__


def where(error: BaseException) -> str:
    """The last line of the student's own that was under way: "swap.py, line 12: db.run(…)"."""
    mine = Path.cwd()
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}, line {error.lineno}"
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).parent == mine
    ]
    return f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}: {frames[-1].line}" if frames else ""


def main() -> None:
    config = json.loads(sys.argv[1])
    sys.path.append(os.getcwd())  # noqa: PTH109 - the student's files, after everything that has its name already
    links = [socket.socket(fileno=int(number)) for number in sys.argv[2:]]
    threads = [threading.Thread(target=Actor(link, config).serve) for link in links]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
