"""MariaDB: a connection with SQL in view, and a pool that never lets a connection escape.

Written by hand because three facts of this file are lessons of the course: what a round trip is, what a
transaction is, and what an idle connection costs.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from queue import Empty, LifoQueue
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pymysql
from pymysql.constants import FIELD_TYPE
from pymysql.converters import conversions, convert_datetime, escape_str
from pymysql.cursors import DictCursor

from common.shop import Busy, Refused

Row = dict[str, Any]

Driver = Callable[..., Any]
"""What opens a PyMySQL connection."""

# What a connection agrees with the server before its first statement. Snapshot isolation is pinned: the
# default changed to ON in MariaDB 11.6.2, and the course first shows what happens without it (see s02).
SESSION = (
    "SET time_zone = '+00:00', sql_mode = 'TRADITIONAL', tx_isolation = 'REPEATABLE-READ'"
    "/*M!101108 , innodb_snapshot_isolation = OFF */"
)


class Db:
    """One MariaDB connection in autocommit. Each method below is one round trip.

    Values go in as `%s` parameters, never by string formatting. Times go in and come out as aware UTC.
    """

    def __init__(self, connection: pymysql.connections.Connection[DictCursor]) -> None:
        self._connection = connection

    def one(self, sql: str, *args: object) -> Row | None:
        """The first row, or None."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql, args)
            return cursor.fetchone()

    def all(self, sql: str, *args: object) -> list[Row]:
        """Every row."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql, args)
            return list(cursor.fetchall())

    def run(self, sql: str, *args: object) -> int:
        """Change something; how many rows really changed. A guarded UPDATE whose guard said no answers 0."""
        with self._connection.cursor() as cursor:
            return int(cursor.execute(sql, args))

    def run_many(self, sql: str, rows: list[tuple[object, ...]]) -> int:
        """One multi-row INSERT (several when it grows past a megabyte)."""
        with self._connection.cursor() as cursor:
            return int(cursor.executemany(sql, rows) or 0)

    def insert(self, sql: str, *args: object) -> int:
        """Insert one row; the id that the server gave it."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql, args)
            return int(cursor.lastrowid)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """BEGIN … COMMIT; ROLLBACK when anything is raised inside.

        Does not retry. When COMMIT itself fails, nobody knows whether it happened: the error says so by
        being raised, and the caller must not report a refusal.
        """
        self._connection.begin()
        try:
            yield
        except BaseException:
            try:
                self._connection.rollback()
            except pymysql.MySQLError:
                self.close()  # the server rolls back what a closed connection leaves
            raise
        self._connection.commit()

    def is_alive(self) -> bool:
        """False once the server has hung up. Looks at the socket only: costs no round trip."""
        sock = self._connection._sock  # type: ignore[attr-defined]
        if sock is None:
            return False
        look = select.poll()  # select() refuses descriptors from 1024 on: a thousand visitors, and it fails
        look.register(sock, select.POLLIN)
        return not look.poll(0)

    def close(self) -> None:
        with suppress(pymysql.MySQLError):
            self._connection.close()


class Opener:
    """Opens connections to one database, of the kind that `driver` makes at that moment."""

    def __init__(self, url: str, database: str, driver: Driver) -> None:
        self._url = url
        self._database = database
        self.driver = driver

    def __call__(self) -> Db:
        return connect(self._url, self._database, driver=self.driver)


class Pool:
    """Up to `size` connections, opened when first needed, lent to one `with` block at a time.

    Guarantees that a connection comes back clean: after anything but success or a refusal it is closed, so no
    row lock and no half transaction outlives its request. Does not guarantee a turn: who waits longer than
    `patience` seconds is told `Busy`.
    """

    def __init__(self, connect: Callable[[], Db], size: int, patience: float = 5.0) -> None:
        self.connect = connect
        self._patience = patience
        self._places: LifoQueue[Db | None] = LifoQueue()
        for _ in range(size):
            self._places.put(None)

    @contextmanager
    def lend(self) -> Iterator[Db]:
        try:
            db = self._places.get(timeout=self._patience)
        except Empty:
            raise Busy("Every database connection is in use") from None
        try:
            if db is not None and not db.is_alive():
                db.close()
                db = None
            db = db or self.connect()
            yield db
        except Refused:
            raise
        except BaseException:
            if db is not None:
                db.close()
            db = None
            raise
        finally:
            self._places.put(db)

    def close(self) -> None:
        """Close what is idle. Connections that are lent out are not touched."""
        places: list[Db | None] = []
        with suppress(Empty):
            while True:
                places.append(self._places.get_nowait())  # all first: what is put back is the next to come
        for db in places:
            if db is not None:
                db.close()
            self._places.put(None)


Sql = Callable[[], AbstractContextManager[Db]]
"""How lesson code gets a connection: `with sql() as db: …`."""


def connect(
    url: str, database: str | None = None, *, read_timeout: float = 10, driver: Driver = pymysql.connect
) -> Db:
    """Open one connection. `url`: mysql://user:password@host:port/ or mysql://user@localhost/?unix_socket=PATH.

    PyMySQL has no read timeout by default: a server that stalls would hold the thread for ever.
    TLS is off for a socket and for loopback: building a TLS context costs 25 ms of CPU a connection.
    """
    parts = urlsplit(url)
    socket_path = parse_qs(parts.query).get("unix_socket", [None])[0]
    local = socket_path is not None or parts.hostname in {"127.0.0.1", "localhost", "::1"}
    connection = driver(
        unix_socket=socket_path,
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""),
        database=database,
        charset="utf8mb4",
        autocommit=True,
        connect_timeout=5,
        read_timeout=read_timeout,
        write_timeout=read_timeout,
        ssl_disabled=local,
        init_command=SESSION,
        conv=_CONVERSIONS,
        cursorclass=DictCursor,
    )
    return Db(connection)


def _aware(text: str) -> datetime | None:
    value = convert_datetime(text)
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else None


def _utc(value: datetime, mapping: Any) -> str:
    return escape_str(value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "milliseconds"), mapping)


_CONVERSIONS: dict[Any, Any] = {**conversions, FIELD_TYPE.DATETIME: _aware, datetime: _utc}
