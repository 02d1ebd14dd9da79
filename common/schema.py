"""The database of a stage: created, and brought up to date with sql/s01 … sql/sNN in order."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from pymysql import OperationalError
from pymysql.constants import ER

from common import database
from common.backends import database_name
from common.database import Db

SQL_FOLDER = Path(__file__).parent.parent / "sql"
PATIENCE = 60  # seconds to wait for somebody else who is at it


def prepare(url: str, stage: str) -> None:
    """Create the database of `stage` ("s02") and apply every file not yet applied, each once.

    Safe to call twice and from two processes at once: one at a time comes through. MariaDB commits every DDL
    statement by itself: a file that fails in the middle has to be looked at by hand.
    """
    name = database_name(stage)
    with closing(database.connect(url)) as server:
        server.run(f"CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
    with closing(connect_alone(url, stage, name)) as db:
        db.run("CREATE TABLE IF NOT EXISTS schema_changes (file VARCHAR(64) NOT NULL PRIMARY KEY)")
        applied = {row["file"] for row in db.all("SELECT file FROM schema_changes")}
        for file in files_up_to(stage):
            if file.name not in applied:
                _apply(db, file)


def connect_alone(url: str, stage: str, lock: str) -> Db:
    """A connection to the stage's database that holds `lock` until it is closed. It waits for whoever has it;
    `OperationalError` after `PATIENCE` seconds."""
    db = database.connect(url, database_name(stage), read_timeout=PATIENCE + 10)
    got = db.one("SELECT GET_LOCK(%s, %s) AS got", lock, PATIENCE)
    if got != {"got": 1}:
        db.close()
        raise OperationalError(ER.LOCK_WAIT_TIMEOUT, f"somebody else has held {lock!r} for {PATIENCE} s")
    return db


def drop(url: str, stage: str) -> None:
    """Remove the stage's database and all that is in it."""
    with closing(database.connect(url)) as server:
        server.run(f"DROP DATABASE IF EXISTS {database_name(stage)}")


def files_up_to(stage: str) -> list[Path]:
    """The SQL files of the stages s01 … `stage`, in order."""
    return [file for file in sorted(SQL_FOLDER.glob("s*.sql")) if file.name[:3] <= stage]


def _apply(db: Db, file: Path) -> None:
    for statement in statements(file.read_text()):
        db.run(statement)
    db.run("INSERT INTO schema_changes VALUES (%s)", file.name)


def statements(text: str) -> list[str]:
    """Split SQL at semicolons that end a line; comment lines go. Enough for our files, not for any SQL."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    return [part.strip() for part in "\n".join(lines).split(";\n") if part.strip().rstrip(";")]
