"""The database of a stage: created, and brought up to date with sql/s01 … sql/sNN in order."""

from __future__ import annotations

from pathlib import Path

from common import database
from common.backends import database_name
from common.database import Db

SQL_FOLDER = Path(__file__).parent.parent / "sql"


def prepare(url: str, stage: str) -> None:
    """Create the database of `stage` ("s02") and apply every file not yet applied, each once.

    Safe to call twice and from two processes at once (a named lock lets one at a time through). MariaDB
    commits every DDL statement by itself: a file that fails in the middle has to be looked at by hand.
    """
    name = database_name(stage)
    server = database.connect(url)
    server.run(f"CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
    server.close()
    db = database.connect(url, name)
    try:
        db.one("SELECT GET_LOCK(%s, 30)", name)
        db.run("CREATE TABLE IF NOT EXISTS schema_changes (file VARCHAR(64) NOT NULL PRIMARY KEY)")
        applied = {row["file"] for row in db.all("SELECT file FROM schema_changes")}
        for file in files_up_to(stage):
            if file.name not in applied:
                _apply(db, file)
    finally:
        db.close()  # releases the lock too


def drop(url: str, stage: str) -> None:
    """Remove the stage's database and all that is in it."""
    server = database.connect(url)
    server.run(f"DROP DATABASE IF EXISTS {database_name(stage)}")
    server.close()


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
