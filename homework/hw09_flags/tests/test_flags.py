"""For your own use: `./seckill test mine/hw09`. The grader has its own: schedules, kills, forged permits."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from redis import Redis

from common.backends import Keys, connect_redis
from common.lab import Lab
from common.lab.places import ROOT
from common.settings import Settings
from common.shop import NotOpen, PermitInvalid, SoldOut

sys.path.insert(0, str(Path(__file__).parent.parent))

ANN, BOB, MALLORY = 1, 2, 3
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
MINUTE, HOUR = 60_000, 3_600_000
KEYS, SALES = Keys("s09"), count(1)


class Shop:
    """A sale of five units that opened at noon; `at` (ms after noon) moves its clock."""

    def __init__(self, redis: Redis, doors: ModuleType, door: str, **door_has: Any) -> None:
        from shelf import Shelf

        self.at, self.redis = 0, redis
        self.shelf = Shelf(redis, KEYS, next(SALES))
        self.opens_at = self.now = int(NOON.timestamp()) * 1000
        said = {"opens_at": self.opens_at, "blocked": frozenset[int](), **door_has}
        self.door = getattr(doors, door)(self.shelf, self.clock, b"the shop's own", **said)
        redis.set(self.shelf.stock, 5)

    def clock(self) -> datetime:
        return NOON + timedelta(milliseconds=self.at)

    def press(self, buyer: int, permit: str, key: str, units: int = 1, pressed_at: int = 0) -> str:
        from shelf import Press

        return self.door.buy(Press(buyer, permit, key, units, pressed_at))  # type: ignore[no-any-return]


class AsMallory(Shop):
    """The same as she sees it. It cannot `buy_both`: the grader can."""

    buyer_id = MALLORY

    def enter(self) -> str:
        return self.door.enter(MALLORY)  # type: ignore[no-any-return]

    def buy(self, permit: str, key: str, units: int = 1, pressed_at: int = 0) -> str:
        return self.press(MALLORY, permit, key, units, pressed_at)


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    """A Redis of your own."""
    with Lab() as lab:
        client = connect_redis(Settings(redis_url=lab.redis.url))
        yield client
        client.close()


@pytest.fixture(scope="module")
def weak() -> ModuleType:
    """The doors as they were handed out."""
    file = ROOT / "homework" / "hw09_flags" / "starter" / "doors.py"
    spec = importlib.util.spec_from_file_location("weak_doors", file)
    assert spec and spec.loader
    module = sys.modules["weak_doors"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def mine() -> ModuleType:
    import doors

    return doors


def flag(attack: Callable[[Any], str], shop: AsMallory) -> bool:
    """Whether the attack returns the number of an order of Mallory's."""
    try:
        found = attack(shop)
    except NotImplementedError:
        pytest.skip("not written yet")
    orders = shop.redis.hgetall(shop.shelf.orders)
    return found.encode() in orders.values() and all(key.startswith(b"3:") for key in orders)


def test_the_first_flag(redis: Redis, weak: ModuleType) -> None:
    from attacks import forge

    assert flag(forge, AsMallory(redis, weak, "PathDoor", blocked=frozenset({MALLORY})))


def test_the_third_flag(redis: Redis, weak: ModuleType) -> None:
    from attacks import early

    shop = AsMallory(redis, weak, "OpeningDoor")
    shop.at = -HOUR
    assert flag(early, shop)


def test_a_path_is_good_for_a_minute_and_not_for_an_hour(redis: Redis, mine: ModuleType) -> None:
    shop = Shop(redis, mine, "PathDoor")
    path = shop.door.enter(ANN)
    shop.at = MINUTE
    assert shop.press(ANN, path, "k1")
    shop.at = HOUR
    with pytest.raises(PermitInvalid):
        shop.press(ANN, path, "k2")


def test_a_press_that_comes_again_gets_the_same_order(redis: Redis, mine: ModuleType) -> None:
    shop = Shop(redis, mine, "CountDoor")
    permit = shop.door.enter(ANN)
    assert shop.press(ANN, permit, "k1", 2) == shop.press(ANN, permit, "k1", 2)
    assert shop.redis.get(shop.shelf.stock) == b"3"


def test_who_finds_too_little_keeps_the_permit(redis: Redis, mine: ModuleType) -> None:
    shop = Shop(redis, mine, "CountDoor")
    permit = shop.door.enter(ANN)
    shop.redis.set(shop.shelf.stock, 1)
    with pytest.raises(SoldOut):
        shop.press(ANN, permit, "k1", 2)
    shop.redis.set(shop.shelf.stock, 5)
    assert shop.press(ANN, permit, "k1", 2)


def test_nobody_comes_early(redis: Redis, mine: ModuleType) -> None:
    shop = Shop(redis, mine, "OpeningDoor")
    shop.at = -1
    with pytest.raises(NotOpen):
        shop.door.enter(BOB)
    shop.at = 0
    assert shop.press(BOB, shop.door.enter(BOB), "k1")
