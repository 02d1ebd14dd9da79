"""The servers of one grading: the course's own, with an account for the student's code that cannot do much.

The trusted side is `root` with a password of this run; the student's code is `student`, who may use the
stage's database and the stage's keys, and nothing else. What `student` sends is read on the way: see wire.py.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from redis import Redis, RedisError

from common import database, schema
from common.backends import Backends, connect_redis, database_name
from common.database import Db, Pool
from common.lab import Lab, LabError, Process
from common.lab.places import in_memory
from common.proof.scenario import NOW
from common.settings import Settings
from homework.grader import spawner

STUDENT = "student"
NUMBERED = (
    "SELECT table_name AS name FROM information_schema.tables"
    " WHERE table_schema = %s AND auto_increment IS NOT NULL"
)
FIRST_ID = 7000001  # no number that means something else: in diagrams an id is replaced by its name
EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"
GRANTS = {"sales": "SELECT, UPDATE (stock)", "schema_changes": "SELECT"}  # what a sale began with is evidence
PATIENCE = 60.0  # seconds for an answer of a server to us
REDIS_MEMORY = "256mb"
LOCK_PATIENCE = 100_000  # seconds: who waits while others are moved is not to give up (1205) on a slow day
ENVIRONMENT = {  # all that the student's code sees of ours
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "MALLOC_ARENA_MAX": "2",  # each arena takes 64 MB of the address space
}


@dataclass(frozen=True)
class Sockets:
    """Where the servers listen, or a wire before them. The sandbox gets two such files and no network."""

    mysql: Path
    redis: Path


@contextmanager
def own_servers() -> Iterator[Servers]:
    """Servers for gradings, in memory if there is room: emptying a database takes long on disk."""
    with Lab(base=in_memory()) as lab:
        yield Servers(lab)


class Servers:
    """A private MariaDB and Redis for one grading after the other. Ends with the lab.

    Guarantees that a grading begins with an empty database and an empty Redis, and that the student's account
    reaches nothing else. Raises `LabError` when the servers came from the environment: they are not ours.
    """

    def __init__(self, lab: Lab) -> None:
        if not (lab.mysql.owned and lab.redis.owned):
            raise LabError("Grading needs servers of its own: unset MYSQL_URL and REDIS_URL.")
        self.sockets = Sockets(lab.folder / "mysql.sock", lab.folder / "redis.sock")
        self._secret, self.password = secrets.token_hex(16), secrets.token_hex(16)
        self.settings = Settings(
            mysql_url=f"mysql://root:{self._secret}@localhost/?unix_socket={self.sockets.mysql}",
            redis_url=f"unix://default:{self._secret}@{self.sockets.redis}",
        )
        self._mariadb, self._redis = lab.mysql, lab.redis
        self.spawner = lab.folder / "spawn.sock"
        self._start_spawner(lab)
        self._close_mariadb(database.connect(lab.mysql.url))
        self._close_redis()

    def _start_spawner(self, lab: Lab) -> None:
        Process(
            lab.supervisor,
            "spawner",
            [sys.executable, "-m", spawner.__name__, self.spawner],
            env=ENVIRONMENT,
            log=lab.folder / "spawner.log",
            ready=lambda: spawner.is_ready(self.spawner),
            grace=False,
        ).start()

    @property
    def pids(self) -> list[int]:
        """The servers' processes, as they are now."""
        return [server.process.pid for server in (self._mariadb, self._redis)]

    def student_settings(self, sockets: Sockets) -> Settings:
        """The student's account, at the sockets as the sandbox sees them."""
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
        db.run(f"SET GLOBAL innodb_lock_wait_timeout = {LOCK_PATIENCE}")
        db.run(f"CREATE USER {STUDENT} IDENTIFIED BY %s WITH MAX_USER_CONNECTIONS 40", self.password)
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
        db = self.db()
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
        """The trusted side's own way to the stage's servers, patient as the sandbox's."""
        own = Backends.connect(stage, self.settings, clock=lambda: NOW)
        own.stock.connection_pool.connection_kwargs["socket_timeout"] = PATIENCE
        return replace(own, pool=Pool(lambda: self.db(stage), own.settings.web_threads + 1))

    def db(self, stage: str | None = None) -> Db:
        return database.connect(
            self.settings.mysql_url, stage and database_name(stage), read_timeout=PATIENCE
        )


def acl(redis: Redis, user: str, *rules: str) -> None:
    """What a Redis account may do."""
    redis.execute_command("ACL", "SETUSER", user, *rules)  # type: ignore[no-untyped-call]
