"""The servers of one grading: the course's own, with an account for the student's code that cannot do much.

The trusted side is `root` with a password of this run; the student's code is `student`, who may use the
stage's database and the stage's keys, and nothing else. What `student` does, MariaDB counts: see `Witness`.
"""

from __future__ import annotations

import secrets
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from redis import Redis, RedisError

from common import database, schema
from common.backends import Backends, connect_redis, database_name
from common.database import Db
from common.lab import Lab, LabError
from common.proof.scenario import NOW
from common.settings import Settings

STUDENT = "student"
COUNTS = (
    "SELECT TOTAL_CONNECTIONS AS connections, SELECT_COMMANDS + UPDATE_COMMANDS + OTHER_COMMANDS AS commands"
    " FROM information_schema.user_statistics WHERE user = %s"
)
NUMBERED = (
    "SELECT table_name AS name FROM information_schema.tables"
    " WHERE table_schema = %s AND auto_increment IS NOT NULL"
)
FIRST_ID = 7000001  # no number that means something else: in diagrams an id is replaced by its name
EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"
GRANTS = {"sales": "SELECT, UPDATE (stock)", "schema_changes": "SELECT"}  # what a sale began with is evidence
REDIS_MEMORY = "256mb"
GREETING = 2  # statements of a connection that opens: SET NAMES, and our settings
PAST_BACKENDS = (
    "your code sent statements to MariaDB that the grader was not told of: use the connection that you are"
    " given and open none of your own"
)
INVENTED = "your process told the grader of statements that MariaDB never received"


@dataclass(frozen=True)
class Sockets:
    """Where the servers listen. The sandbox gets these two files and no network."""

    mysql: Path
    redis: Path


class Servers:
    """A private MariaDB and Redis for one grading after the other. Ends with the lab.

    Guarantees that a grading begins with an empty database and an empty Redis, and that the student's account
    reaches nothing else. Raises `LabError` when the servers came from the environment: they are not ours.
    """

    def __init__(self, lab: Lab) -> None:
        if not (lab.mysql.owned and lab.redis.owned):
            raise LabError("Grading needs servers of its own: unset MYSQL_URL and REDIS_URL.")
        self.sockets = Sockets(lab.folder / "mysql.sock", lab.folder / "redis.sock")
        self._tcp = lab.mysql.tcp, lab.redis.tcp
        self._secret, self.password = secrets.token_hex(16), secrets.token_hex(16)
        self.settings = Settings(
            mysql_url=f"mysql://root:{self._secret}@localhost/?unix_socket={self.sockets.mysql}",
            redis_url=f"unix://default:{self._secret}@{self.sockets.redis}",
        )
        self._redis = lab.redis
        self._close_mariadb(database.connect(lab.mysql.url))
        self._close_redis()

    def student_settings(self, sockets: Sockets | None) -> Settings:
        """The student's account: by unix socket where the sandbox has its own view of them, else by loopback
        port (our folder is closed to other users)."""
        if sockets is None:
            (mysql_host, mysql_port), (redis_host, redis_port) = self._tcp
            return Settings(
                mysql_url=f"mysql://{STUDENT}:{self.password}@{mysql_host}:{mysql_port}/",
                redis_url=f"redis://{STUDENT}:{self.password}@{redis_host}:{redis_port}/0",
            )
        return Settings(
            mysql_url=f"mysql://{STUDENT}:{self.password}@localhost/?unix_socket={sockets.mysql}",
            redis_url=f"unix://{STUDENT}:{self.password}@{sockets.redis}",
        )

    def _close_mariadb(self, db: Db) -> None:
        for host in (
            "localhost",
            "127.0.0.1",
            "::1",
        ):  # names of machines are not resolved: nobody matches them
            db.run(f"ALTER USER IF EXISTS root@'{host}' IDENTIFIED BY %s", self._secret)
        db.run(f"CREATE USER {STUDENT} IDENTIFIED BY %s WITH MAX_USER_CONNECTIONS 40", self.password)
        db.run("SET GLOBAL userstat = 1")
        db.close()

    def _close_redis(self) -> None:
        redis = connect_redis(Settings(redis_url=self._redis.url))
        redis.config_set("maxmemory", REDIS_MEMORY)
        acl(redis, "default", "resetpass", f">{self._secret}")
        redis.close()
        self.sockets.redis.chmod(
            0o666
        )  # its folder is closed to all but us; the sandbox gets the file itself

    def empty(self, stage: str) -> Self:
        """Begin anew: nobody connected, the stage's tables empty, Redis too. What `stage` needs is there."""
        name = database_name(stage)
        db = database.connect(self.settings.mysql_url)
        for session in self.sessions():
            db.run(f"KILL {session}")
        db.run(f"DROP DATABASE IF EXISTS {name}")
        schema.prepare(self.settings.mysql_url, stage)
        for row in db.all(NUMBERED, name):
            db.run(f"ALTER TABLE {name}.{row['name']} AUTO_INCREMENT = {FIRST_ID}")
        db.run(f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM {STUDENT}")
        for row in db.all(f"SHOW TABLES FROM {name}"):
            table = str(next(iter(row.values())))
            db.run(f"GRANT {GRANTS.get(table, EVERYTHING)} ON {name}.{table} TO {STUDENT}")
        db.close()
        self._empty_redis(stage)
        return self

    def _empty_redis(self, stage: str) -> None:
        """Flush it; if a script of the last grading does not end, and so it answers nobody, kill it first."""
        redis = connect_redis(self.settings)
        try:
            redis.flushall()
        except RedisError:
            self._redis.kill()
            self._redis.start()
            self._close_redis()
            redis.flushall()
        redis.script_flush()
        rules = ["reset", "on", f">{self.password}", f"~{stage}:*", f"&{stage}:*"]
        acl(redis, STUDENT, *rules, "+@all", "-@admin", "-@dangerous")
        redis.close()

    def sessions(self) -> set[int]:
        """MariaDB's numbers of the student's connections."""
        with closing(self.db()) as db:
            rows = db.all("SELECT id FROM information_schema.processlist WHERE user = %s", STUDENT)
        return {int(row["id"]) for row in rows}

    def backends(self, stage: str) -> Backends:
        """The trusted side's own way to the stage's servers."""
        return Backends.connect(stage, self.settings, clock=lambda: NOW)

    def db(self, stage: str | None = None) -> Db:
        return database.connect(self.settings.mysql_url, stage and database_name(stage))


def acl(redis: Redis, user: str, *rules: str) -> None:
    """What a Redis account may do."""
    redis.execute_command("ACL", "SETUSER", user, *rules)  # type: ignore[no-untyped-call]


class Unseen(Exception):
    """The student's process told of other round trips than its server saw. The text is a sentence."""


class Witness:
    """What MariaDB itself says of the student's account, to compare with what the sandbox tells.

    The sandbox could tell of one round trip and make five: then two buyers could never be brought between
    them. The server's own count shows it. Does not see what is sent to Redis.
    """

    def __init__(self, db: Db) -> None:
        self._db = db
        self._before = self._count()

    def _count(self) -> tuple[int, int]:
        row = self._db.one(COUNTS, STUDENT) or {"connections": 0, "commands": 0}
        return int(row["connections"]), int(row["commands"])

    def begin(self) -> None:
        """Count from here."""
        self._before = self._count()

    def check(self, told: int) -> None:
        """`Unseen` unless the server has counted just as many statements as were told of since `begin`.

        It counts a statement a moment after answering it: a difference is looked at for up to a second.
        """
        deadline = time.monotonic() + 1
        while more := self._more_than(told):
            if time.monotonic() > deadline:
                raise Unseen(PAST_BACKENDS if more > 0 else INVENTED)
            time.sleep(0.002)

    def _more_than(self, told: int) -> int:
        connections, commands = self._count()
        greetings = (connections - self._before[0]) * GREETING
        return commands - self._before[1] - greetings - told
