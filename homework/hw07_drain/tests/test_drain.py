"""For your own use: `./seckill test mine/hw07`. The grader has its own tests, with kills and schedules."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from common import schema
from common.backends import Backends
from common.lab import Lab
from common.settings import Settings
from homework.hw07_drain.journals import Journals

sys.path.insert(0, str(Path(__file__).parent.parent))

FIRST = count(7_000_000, 100)


@pytest.fixture(scope="module")
def servers() -> Iterator[Backends]:
    """A database and a Redis of your own."""
    with Lab() as lab:
        settings = Settings(mysql_url=lab.mysql.url, redis_url=lab.redis.url)
        schema.prepare(settings.mysql_url, "s07")
        backends = Backends.connect("s07", settings)
        yield backends
        backends.pool.close()


@pytest.fixture
def b(servers: Backends) -> Backends:
    """Redis is empty at the beginning of each test."""
    servers.stock.flushdb()
    return servers


def share(waiting: dict[int, int], places: int) -> dict[int, int]:
    from drain import share as yours

    try:
        return yours(waiting, places)
    except NotImplementedError:
        pytest.skip("not written yet")


def turn(b: Backends, journals: Journals, places: int, consumer: str = "this-one") -> dict[str, int]:
    """How much of each sale your consumer has written after one more turn."""
    from homework.hw07_drain import harness

    try:
        harness.turn(b, **journals.arguments(consumer, places))
    except NotImplementedError:
        pytest.skip("not written yet")
    return {name: len(rows) for name, rows in journals.written().items()}


def test_all_get_the_same() -> None:
    assert share({1: 100_000, 2: 7}, 4) == {1: 2, 2: 2}


def test_no_place_stays_empty() -> None:
    assert share({1: 100_000, 2: 2, 3: 3}, 15) == {1: 10, 2: 2, 3: 3}


def test_a_small_sale_does_not_wait_for_a_large_one(b: Backends) -> None:
    journals = Journals(b, next(FIRST), tea=5000, cup=3)
    assert turn(b, journals, 20) == {"tea": 17, "cup": 3}
    assert (journals.length("tea"), journals.length("cup")) == (4983, 0)


def test_the_next_turn_goes_on_where_this_one_stopped(b: Backends) -> None:
    journals = Journals(b, next(FIRST), tea=9, cup=9, lamp=9)
    assert turn(b, journals, 2) == {"tea": 1, "cup": 1, "lamp": 0}
    assert turn(b, journals, 2) == {"tea": 2, "cup": 1, "lamp": 1}


def test_what_a_dead_consumer_left_comes_first(b: Backends) -> None:
    journals = Journals(b, next(FIRST), tea=9, cup=9)
    left = journals.hand_out("tea", "dead-one", 5, dead=True)
    assert turn(b, journals, 6) == {"tea": 3, "cup": 3}
    assert set(journals.written()["tea"]) == set(left[:3])


def test_what_a_living_consumer_holds_is_its_own(b: Backends) -> None:
    journals = Journals(b, next(FIRST), tea=5, cup=9)
    held = journals.hand_out("tea", "living-one", 5, dead=False)
    assert turn(b, journals, 6) == {"tea": 0, "cup": 6}
    assert journals.held("tea", "living-one") == held
