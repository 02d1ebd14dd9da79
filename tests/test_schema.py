"""The schema is brought up to date by one process at a time, each file once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pymysql
import pytest

from common import database, schema, seed
from common.backends import database_name
from common.database import Db
from common.settings import Settings

WAITS = "SELECT id FROM information_schema.processlist WHERE state = 'User lock'"


@contextmanager
def somebody_at_it(settings: Settings, lock: str) -> Iterator[Db]:
    with closing(database.connect(settings.mysql_url)) as other:
        assert other.one("SELECT GET_LOCK(%s, 0) AS got", lock) == {"got": 1}
        yield other


def test_who_comes_second_waits_and_applies_nothing_twice(settings: Settings) -> None:
    schema.drop(settings.mysql_url, "s01")
    with ThreadPoolExecutor(1) as threads:
        with somebody_at_it(settings, database_name("s01")) as other:
            second = threads.submit(schema.prepare, settings.mysql_url, "s01")
            while not other.one(WAITS):
                assert not second.done()
            schema_of_the_first(settings)
        second.result(30)
    with closing(database.connect(settings.mysql_url, database_name("s01"))) as db:
        assert db.all("SELECT file FROM schema_changes") == [{"file": "s01_naive.sql"}]


def schema_of_the_first(settings: Settings) -> None:
    """What the one who holds the lock does meanwhile."""
    with closing(database.connect(settings.mysql_url, database_name("s01"))) as db:
        db.run("CREATE TABLE schema_changes (file VARCHAR(64) NOT NULL PRIMARY KEY)")
        [file] = schema.files_up_to("s01")
        schema._apply(db, file)


@pytest.mark.parametrize(
    ("lock", "prepare"),
    [
        (database_name("s01"), lambda url: schema.prepare(url, "s01")),
        ("seckill seed", lambda url: seed.seed(url, "s01", 0)),
    ],
)
def test_who_waits_too_long_changes_nothing_and_says_so(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, lock: str, prepare: Callable[[str], None]
) -> None:
    schema.prepare(settings.mysql_url, "s01")
    monkeypatch.setattr(schema, "PATIENCE", 0)
    with somebody_at_it(settings, lock), pytest.raises(pymysql.OperationalError, match="somebody else"):
        prepare(settings.mysql_url)
