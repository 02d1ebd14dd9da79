"""The pool: what it lends is alive and clean, however many files the process has open."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import pymysql
import pytest

from common.database import Db, Opener, Pool
from common.settings import Settings
from common.shop import Busy, SoldOut

SELECT_TAKES = 1024  # descriptors; any number from there on is beyond select()
NewPool = Callable[..., Pool]


@pytest.fixture
def new_pool(settings: Settings) -> Iterator[NewPool]:
    with ExitStack() as opened:

        def make(size: int, patience: float = 5.0) -> Pool:
            connect = Opener(settings.mysql_url, "information_schema", pymysql.connect)
            return opened.enter_context(closing(Pool(connect, size, patience)))

        yield make


def session(db: Db) -> int:
    row = db.one("SELECT CONNECTION_ID() AS id")
    assert row
    return int(row["id"])


@contextmanager
def many_open_files() -> Iterator[None]:
    """As in a web process with a thousand visitors: the next descriptor is a high one."""
    few, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (2 * SELECT_TAKES, most))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(SELECT_TAKES)]
    try:
        assert max(opened) >= SELECT_TAKES
        yield
    finally:
        for number in opened:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (few, most))


def test_a_connection_is_lent_again_also_when_a_thousand_files_are_open(new_pool: NewPool) -> None:
    pool = new_pool(size=1)
    with many_open_files():
        with pool.lend() as db:
            first = session(db)
        with pool.lend() as db:
            assert session(db) == first


def test_a_connection_that_the_server_has_closed_is_not_lent_again(new_pool: NewPool) -> None:
    pool, other = new_pool(size=1), new_pool(size=1)
    with pool.lend() as idle:
        first = session(idle)
    with other.lend() as db:
        db.run(f"KILL CONNECTION {first}")
        while db.one("SELECT id FROM processlist WHERE id = %s", first):
            pass  # it is told at once, and ends a moment later
    assert not idle.is_alive()
    with pool.lend() as db:
        assert session(db) != first


def test_a_refusal_keeps_the_connection_and_a_failure_closes_it(new_pool: NewPool) -> None:
    pool, lent = new_pool(size=1), []
    for end in (SoldOut, ValueError):
        with pytest.raises(end), pool.lend() as db:
            lent.append(session(db))
            raise end
    with pool.lend() as db:
        assert lent[0] == lent[1] != session(db)


def test_who_waits_too_long_for_a_place_is_told_busy(new_pool: NewPool) -> None:
    pool = new_pool(size=1, patience=0.01)
    with pool.lend(), pytest.raises(Busy), pool.lend():
        pass


def test_closing_closes_every_idle_connection_and_leaves_all_places(new_pool: NewPool) -> None:
    pool = new_pool(size=3, patience=0.01)
    with ExitStack() as lent:
        idle = [lent.enter_context(pool.lend()) for _ in range(3)]
    assert all(db.is_alive() for db in idle)
    pool.close()
    assert not any(db.is_alive() for db in idle)
    with ExitStack() as lent:
        assert len({session(lent.enter_context(pool.lend())) for _ in range(3)}) == 3
