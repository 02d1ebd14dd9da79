"""For your own use: `./seckill test mine/hw08`. The grader has its own: schedules, expiry, bad clocks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from common.backends import Keys, connect_redis
from common.lab import Lab
from common.settings import Settings

sys.path.insert(0, str(Path(__file__).parent.parent))

if TYPE_CHECKING:
    from limiter import Answer

ANN, BOB = 1, 2
KEYS = Keys("s08")
SALES = count(1)
HOUR = 3_600_000  # ms


class Sale:
    """A sale with your limiter; `sale.at` (ms) moves its clock. Rules are (count, period, burst)."""

    def __init__(self, redis_url: str, **rules: tuple[int, int, int]) -> None:
        from limiter import Limiter, Rule

        self.at = 0
        self._sale = next(SALES)
        redis = connect_redis(Settings(redis_url=redis_url))
        self._limiter = Limiter(redis, KEYS, self._now, {name: Rule(*rule) for name, rule in rules.items()})

    def _now(self) -> datetime:
        return datetime(2030, 1, 1, tzinfo=UTC) + timedelta(milliseconds=self.at)

    def ask(self, units: int, buyer: int = ANN) -> Answer:
        try:
            return self._limiter.ask(self._sale, buyer, units)
        except NotImplementedError:
            pytest.skip("not written yet")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A Redis of your own."""
    with Lab() as lab:
        yield lab.redis.url


@pytest.mark.parametrize(
    ("rule", "arrivals", "wanted"),
    [
        ((3, 10_000, 3), [0, 0, 0, 0], [True, True, True, False]),
        ((1, 1000, 1), [5000, 5001], [True, False]),
        ((3, 10_000, 1), [0, 3333, 3334, 6667, 6668], [True, False, True, False, True]),
    ],
)
def test_arrivals(rule: tuple[int, int, int], arrivals: list[int], wanted: list[bool]) -> None:
    from arrivals import let_through

    try:
        assert let_through(*rule, arrivals) == wanted
    except NotImplementedError:
        pytest.skip("not written yet")


def test_a_basket_costs_its_units(url: str) -> None:
    sale = Sale(url, sale=(3, HOUR, 5))
    first, second = sale.ask(2), sale.ask(3)
    assert (first.allowed, first.remaining, first.reset_after) == (True, 3, 2_400_000)
    assert (second.allowed, second.remaining, second.reset_after) == (True, 0, 6_000_000)


def test_who_comes_back_when_told_gets_in(url: str) -> None:
    sale = Sale(url, sale=(3, HOUR, 3))
    assert sale.ask(2).allowed
    refused = sale.ask(2)
    assert (refused.allowed, refused.remaining, refused.retry_after) == (False, 1, 1_200_000)
    sale.at += refused.retry_after - 1
    assert not sale.ask(2).allowed
    sale.at += 1
    assert sale.ask(2).allowed


def test_what_the_buyers_limit_refuses_the_sale_does_not_count(url: str) -> None:
    sale = Sale(url, sale=(6, HOUR, 4), buyer=(3, HOUR, 3))
    assert sale.ask(3).allowed
    assert not sale.ask(1).allowed
    assert sale.ask(1, buyer=BOB).allowed
