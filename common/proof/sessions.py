"""Two sessions by hand: a short script says who sends which statement, and we see what each one is told.

    CREATE TABLE shelf (id INT PRIMARY KEY, stock INT);   -- before the first letter: what is there already
    INSERT INTO shelf VALUES (1, 10);

    A: BEGIN
    B: UPDATE shelf SET stock = 9 WHERE id = 1
    A: redis GET shelf                                     -- to Redis, when it begins with "redis"
    A: redis EVAL @stages/s03_cache/drop.lua 2 a b c d     -- @ stands for the text of a file of the project

A line is one round trip. Comments on a line of their own are printed with the rest.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue

from pymysql import MySQLError
from redis import Redis, RedisError

from common import database
from common.backends import connect_redis
from common.database import Db
from common.lab.places import ROOT
from common.proof.announce import AnnouncedMariaDB
from common.proof.driver import Actor, Choose, Driver, DriverError, Event, Move
from common.proof.waits import LockWaits
from common.settings import Settings

DATABASE = "seckill_sessions"
Errors = dict[int, str]  # by the number of the statement, what the server said to it
NAMES = ("A", "B")
INDENT = {"A": "", "B": "        "}


class BadScript(DriverError):
    """The script cannot be played as it is written. The text says which line, and why."""


@dataclass(frozen=True)
class Line:
    """One line of a script: a statement of a session, or (`name` empty) words for the reader."""

    number: int
    name: str
    text: str


@dataclass(frozen=True)
class Script:
    setup: str
    lines: tuple[Line, ...]

    def of(self, name: str) -> list[str]:
        return [line.text for line in self.lines if line.name == name]


def read(text: str) -> Script:
    """Parse a script. Raises `BadScript`."""
    setup: list[str] = []
    lines: list[Line] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        name, colon, rest = raw.partition(":")
        if colon and name.strip() in NAMES:
            lines.append(Line(number, name.strip(), rest.strip().rstrip(";")))
        elif raw.startswith("--"):
            lines.append(Line(number, "", raw))
        elif raw.strip() and any(line.name for line in lines):
            raise BadScript(f"line {number} begins with neither A: nor B: nor --")
        else:
            setup.append(raw.partition("--")[0])
    if not any(line.name for line in lines):
        raise BadScript("there is no line that begins with A: or B:")
    return Script("\n".join(setup), tuple(lines))


def play(script: Script, settings: Settings) -> list[tuple[Line, Mapping[str, str]]]:
    """Each line with the replies that came before the next one: its own, unless it waits for a lock, and
    that of the other session, when it had waited.

    Raises `BadScript` when a session is to speak while it waits, or when the tables cannot be made.

    Makes its database anew. An error of a server is a reply like any other, and the session goes on.
    """
    events: SimpleQueue[Event] = SimpleQueue()
    actors = {name: Actor(name, events) for name in NAMES if script.of(name)}
    errors: dict[str, Errors] = {name: {} for name in actors}
    with closing(_new_database(script.setup, settings)) as host:
        driver = Driver(actors, events, LockWaits(host))
        jobs = {
            name: partial(_speak, script.of(name), actor, settings, errors[name])
            for name, actor in actors.items()
        }
        moves, _ = driver.play(jobs, _as_written(script), tidy=str)
    for actor in actors.values():
        actor.stop()
    replies = _with_errors([move.replies for move in moves], errors)
    return [(line, next(replies) if line.name else {}) for line in script.lines]


def _with_errors(
    told: Sequence[Mapping[str, str]], errors: Mapping[str, Errors]
) -> Iterator[Mapping[str, str]]:
    """The same replies; those that are errors with what the server said."""
    answered = Counter[str]()  # statements of each session, which are answered in the order they were sent
    for replies in told:
        whole = {}
        for name, reply in replies.items():
            text = errors[name].get(answered[name])
            whole[name] = f"{reply}: {text}" if text else reply
            answered[name] += 1
        yield whole


def _new_database(setup: str, settings: Settings) -> Db:
    server = database.connect(settings.mysql_url)
    server.run(f"DROP DATABASE IF EXISTS {DATABASE}")
    server.run(f"CREATE DATABASE {DATABASE}")
    server.close()
    db = database.connect(settings.mysql_url, DATABASE)
    with closing(connect_redis(settings)) as redis:
        for statement in filter(None, map(str.strip, setup.split(";"))):
            try:
                _send(statement, db, redis)
            except (MySQLError, RedisError) as error:
                db.close()
                what = " ".join(statement.split())
                raise BadScript(f"before the first A: or B:, {what!r} fails: {_text(error)}") from error
    return db


def _speak(texts: Sequence[str], actor: Actor, settings: Settings, errors: Errors) -> None:
    """One session, from its first statement to its last, in a thread of its own. Notes what failed."""
    db = database.connect(settings.mysql_url, DATABASE, driver=partial(AnnouncedMariaDB, actor))
    with closing(db), closing(connect_redis(settings, actor)) as redis:
        for number, text in enumerate(texts):
            try:
                _send(text, db, redis)
            except (MySQLError, RedisError) as error:
                errors[number] = _text(error)


def _text(error: Exception) -> str:
    """What the server said: PyMySQL's last argument, redis-py's only one."""
    return str(error.args[-1]) if error.args else type(error).__name__


def _send(text: str, db: Db, redis: Redis) -> None:
    if text.startswith("redis "):
        redis.execute_command(*_words(text)[1:])  # type: ignore[no-untyped-call]
    else:
        db.all(text.replace("%", "%%"))  # without parameters a percent sign is a percent sign


def _as_written(script: Script) -> Choose:
    spoken = [line for line in script.lines if line.name]

    def choose(moves: Sequence[Move], ready: tuple[str, ...]) -> str:
        line = spoken[len(moves)]
        if line.name not in ready:
            raise BadScript(f"line {line.number}: {line.name} cannot speak, it waits for a lock")
        return line.name

    return choose


def _words(command: str) -> list[str]:
    words = shlex.split(command)
    return [(ROOT / word[1:]).read_text() if word.startswith("@") else word for word in words]


def show(played: Sequence[tuple[Line, Mapping[str, str]]]) -> Iterator[str]:
    """The conversation, B's half indented; what a session says, and below it what it is told."""
    asked: dict[str, str] = {}
    spoken = False
    for line, replies in played:
        if not line.name:
            yield f"\n{line.text}" if spoken else line.text
            spoken = False
            continue
        spoken = True
        asked[line.name] = line.text
        yield f"{INDENT[line.name]}{line.name}: {line.text}"
        if line.name not in replies:
            yield f"{INDENT[line.name]}   … waits for a lock"
        for name, reply in sorted(replies.items(), key=lambda told: told[0] != line.name):
            late = "" if name == line.name else f"{name} has waited for this: "
            yield f"{INDENT[name]}   {late}{_plainly(asked[name], reply)}"


def _plainly(asked: str, reply: str) -> str:
    """BEGIN, SET and the like have no rows to speak of."""
    counts = asked.split(maxsplit=1)[0].upper() in {"SELECT", "INSERT", "UPDATE", "DELETE"}
    return reply if counts or reply != "0 rows" else "ok"
