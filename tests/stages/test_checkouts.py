"""What every checkout of the first stages must do for buyers who come one after another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from common.proof import usual
from common.shop import Ended, LimitReached, NoSuchSale, NotOpen, Order, SoldOut
from stages.s01_naive.checkout import NaiveCheckout
from stages.s02_guarded_update.checkout import GuardedCheckout
from stages.s02_guarded_update.foils import JustATransaction
from stages.s02_guarded_update.variants import OptimisticCheckout, RowLockCheckout
from tests.world import World

CHECKOUTS = [
    ("s01", NaiveCheckout),
    ("s02", GuardedCheckout),
    ("s02", JustATransaction),
    ("s02", RowLockCheckout),
    ("s02", OptimisticCheckout),
    ("s03", GuardedCheckout),
    ("s04", GuardedCheckout),
    ("s05", None),
    ("s06", None),
    ("s07", None),
    ("s08", None),
    ("s09", None),
    ("s10", None),
]


@pytest.fixture(
    params=CHECKOUTS,
    ids=[f"{code}-{getattr(checkout, '__name__', 'its own')}" for code, checkout in CHECKOUTS],
)
def shop(request: pytest.FixtureRequest, world: Callable[..., World]) -> World:
    code, checkout = request.param
    return world(code, checkout=checkout) if checkout else world(code)


def test_sells_each_unit_once_to_buyers_in_turn(shop: World) -> None:
    sale = shop.new_sale(units=3)
    orders = [shop.buy(sale, buyer) for buyer in (1, 2, 3)]
    with pytest.raises(SoldOut):
        shop.buy(sale, 4)
    assert shop.row(sale)["stock"] == 0
    assert [row["id"] for row in shop.orders(sale)] == [order.id for order in orders]


def test_an_order_says_what_the_sale_row_says(shop: World) -> None:
    sale = shop.new_sale(units=5, limit=3, price_cents=1299)
    order = shop.buy(sale, 7, 3)
    assert isinstance(order, Order)
    assert (order.price_cents, order.total_cents, order.buyer_id, order.status) == (1299, 3897, 7, "placed")
    assert shop.row(sale)["stock"] == 2


def test_refuses_more_than_is_left_and_takes_nothing(shop: World) -> None:
    sale = shop.new_sale(units=2, limit=5)
    with pytest.raises(SoldOut):
        shop.buy(sale, 1, 3)
    shop.buy(sale, 1, 2)
    assert shop.row(sale)["stock"] == 0


def test_counts_the_limit_over_all_of_a_buyers_orders(shop: World) -> None:
    sale = shop.new_sale(units=10, limit=3)
    shop.buy(sale, 1, 2)
    with pytest.raises(LimitReached):
        shop.buy(sale, 1, 2)
    shop.buy(sale, 1, 1)
    with pytest.raises(LimitReached):
        shop.buy(sale, 1, 1)
    shop.buy(sale, 2, 3)
    with pytest.raises(LimitReached):
        shop.buy(sale, 3, 4)
    assert shop.row(sale)["stock"] == 4


def test_sells_only_inside_the_window(shop: World) -> None:
    now = shop.clock()
    hour = timedelta(hours=1)
    early = shop.new_sale(units=1, opens_at=now + timedelta(seconds=1), closes_at=now + hour)
    late = shop.new_sale(units=1, opens_at=now - hour, closes_at=now)
    with pytest.raises(NotOpen):
        shop.buy(early, 1)
    with pytest.raises(Ended):
        shop.buy(late, 1)
    shop.clock.forward(1)  # type: ignore[attr-defined]
    shop.buy(early, 1)


def test_does_not_sell_a_draft_or_what_is_closed_or_does_not_exist(shop: World) -> None:
    draft = shop.new_sale(units=1, publish=False)
    with pytest.raises(NoSuchSale):
        shop.buy(draft, 1)
    published = shop.office.publish(draft.id)
    shop.office.close(published.id)
    with pytest.raises(Ended):
        shop.buy(published, 1)
    with pytest.raises(NoSuchSale):
        shop.press(usual.attempt(2**62, 1, shop.clock()))
    assert shop.row(published)["stock"] == 1


def test_sells_what_is_restocked(shop: World) -> None:
    sale = shop.new_sale(units=1)
    shop.buy(sale, 1)
    with pytest.raises(SoldOut):
        shop.buy(sale, 2)
    shop.office.restock(sale.id, 1)
    shop.buy(sale, 2)
    assert (shop.row(sale)["initial"], shop.row(sale)["stock"]) == (2, 0)
