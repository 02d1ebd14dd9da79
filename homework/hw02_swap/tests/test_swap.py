"""For your own use: `./seckill test mine/hw02`. The grader has its own tests, with schedules and crashes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from common import schema
from common.backends import Backends
from common.ids import new_id
from common.lab import Lab
from common.settings import Settings
from common.shop import Refused

sys.path.insert(0, str(Path(__file__).parent.parent))

ANN, BOB = 1, 2
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def b() -> Iterator[Backends]:
    """A stage s02 of your own, on real servers."""
    with Lab() as lab:
        settings = Settings(mysql_url=lab.mysql.url, redis_url=lab.redis.url)
        schema.prepare(settings.mysql_url, "s02")
        backends = Backends.connect("s02", settings)
        yield backends
        backends.pool.close()
        backends.stock.connection_pool.disconnect()


def new_sale(b: Backends, stock: int) -> int:
    window = (NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    with b.sql() as db:
        return db.insert(
            "INSERT INTO sales (title, title_zh, image, price_cents, list_price_cents, initial, stock,"
            " buyer_limit, opens_at, closes_at, state)"
            " VALUES ('Shirt', '衬衫', 'tea', 100, 200, %s, %s, 9, %s, %s, 'published')",
            *(stock, stock, *window),
        )


def new_order(b: Backends, sale: int, buyer: int) -> str:
    order_id = new_id()
    with b.sql() as db:
        db.run("INSERT INTO orders VALUES (%s, %s, %s, 1, 100, 'placed', %s)", order_id, sale, buyer, NOW)
    return order_id


def stock(b: Backends, sale: int) -> int:
    with b.sql() as db:
        return int((db.one("SELECT stock FROM sales WHERE id = %s", sale) or {"stock": -1})["stock"])


def swap(b: Backends, order_id: str, buyer: int, to_sale: int) -> object:
    from swap import Swap

    try:
        return Swap(b.sql)(order_id, buyer, to_sale)
    except NotImplementedError:
        pytest.skip("not written yet")


def test_one_goes_back_and_one_is_taken(b: Backends) -> None:
    medium, large = new_sale(b, 4), new_sale(b, 5)
    swap(b, new_order(b, medium, ANN), ANN, large)
    assert (stock(b, medium), stock(b, large)) == (5, 4)


def test_what_is_sold_out_is_refused_and_nothing_changes(b: Backends) -> None:
    medium, large = new_sale(b, 4), new_sale(b, 0)
    order = new_order(b, medium, ANN)
    with pytest.raises(Refused):
        swap(b, order, ANN, large)
    assert (stock(b, medium), stock(b, large)) == (4, 0)


def test_a_stranger_s_order_is_refused(b: Backends) -> None:
    medium, large = new_sale(b, 4), new_sale(b, 5)
    order = new_order(b, medium, ANN)
    with pytest.raises(Refused):
        swap(b, order, BOB, large)
