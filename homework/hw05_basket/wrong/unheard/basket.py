"""hw05: a basket of several products, all of them or none, taken by one script in Redis."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from redis import ConnectionError as Disconnected
from redis import Redis

from common.backends import Keys
from common.shop import Invalid, SoldOut

SCRIPT = Path(__file__).with_name("basket.lua")


class Basket:
    """Takes units of several products of one sale.

    Guarantees that a press (buyer and key) takes its whole basket or nothing, and takes it once, however
    often it is sent. Does not look at limits, opening hours and prices, and remembers no refusal.
    """

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._script = redis.register_script(SCRIPT.read_text("utf-8"))
        self._keys = keys
        self._redis = redis

    def take(self, sale_id: int, buyer_id: int, key: str, wanted: Mapping[str, int]) -> None:
        """Take so many of each product. Raises `SoldOut`, which names the product of which too few are left,
        `Invalid`, and `RedisError`: then nobody knows whether it was taken."""
        if not wanted or min(wanted.values()) < 1:
            raise Invalid("basket", "one unit at least of each product")
        products = sorted(wanted)  # the same basket in another order is the same basket
        names = [
            self._keys(sale_id, "baskets"),
            *(self._keys(sale_id, f"left:{product}") for product in products),
        ]
        answer = self._send(names, [f"{buyer_id}:{key}", *(wanted[product] for product in products)])
        match answer:
            case [b"taken"]:
                return
            case [b"sold_out", int(number)] if 1 <= number <= len(products):
                raise SoldOut(f"{products[number - 1]}: too few are left")
            case [b"other_basket"]:
                raise Invalid("Idempotency-Key", "was sent before with another basket; use a new one")
            case None:
                raise NotImplementedError("Nothing is returned by basket.lua yet")
        raise ValueError(f"basket.lua answered {answer!r}, which is none of what its head says")

    def _send(self, names: list[str], args: list[Any]) -> Any:
        """Look, then take, and announce only the look: nobody is brought in between."""
        basket = " ".join(map(str, [*names[1:], *args[1:]])).encode()
        before = self._redis.hget(names[0], args[0])
        if before:
            return [b"taken" if before == basket else b"other_basket"]
        watched = self._redis.connection_pool.connection_class
        watched._before = lambda *_: None  # from here on nothing is announced
        left = self._redis.mget(names[1:])
        for number, (units, wanted) in enumerate(zip(left, args[1:], strict=True), start=1):
            if int(units or 0) < wanted:
                return [b"sold_out", number]
        with self._redis.pipeline() as pipe:
            for name, wanted in zip(names[1:], args[1:], strict=True):
                pipe.decrby(name, wanted)
            pipe.hset(names[0], args[0], basket)
            pipe.execute()
        return [b"taken"]
