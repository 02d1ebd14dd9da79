"""The number that sells: a sale's stock, limits and presses in Redis, and the six scripts that touch them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from redis import ConnectionError as Disconnected
from redis import Redis
from redis.commands.core import Script

from common.backends import Keys
from common.ids import new_id
from common.shop import Reservation, Sale

HERE = Path(__file__).parent
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def milliseconds(time: datetime) -> int:
    """Unix time as the scripts have it. A millisecond just begun does not count: nothing opens early."""
    return (time - EPOCH) // timedelta(milliseconds=1)


class StockCounter:
    """One method for each script. What a script does, takes and returns is written at its head.

    Each script may be sent twice and acts once; so a lost reply is simply asked for again, once. A script
    goes by its SHA and is loaded anew when the server does not know it. Raises `RedisError`.
    """

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self.redis = redis
        self._keys = keys
        self._channel = keys.shared("dropped")
        self._reserve = self._load("reserve")
        self._confirm = self._load("confirm")
        self._release = self._load("release")
        self._warm = self._load("warm")
        self._adjust = self._load("adjust")
        self._owners = self._load("owners")

    def reserve(self, reservation: Reservation, now: datetime) -> list[str]:
        """Take for this press; the answer of reserve.lua."""
        args = [milliseconds(now), *_press(reservation), reservation.attempt.quantity, reservation.token]
        keys = self._names(reservation.attempt.sale_id, "stock", "bought", "requests")
        return [word.decode() for word in send(self._reserve, keys, args)]

    def confirm(self, reservation: Reservation) -> None:
        args = [*_press(reservation), reservation.attempt.quantity, reservation.token]
        keys = self._names(reservation.attempt.sale_id, "stock", "bought", "requests", "epoch")
        send(self._confirm, keys, args)

    def release(self, reservation: Reservation) -> bool:
        """Whether there was something to give back."""
        sale_id = reservation.attempt.sale_id
        args = [*_press(reservation), reservation.token, self._channel, flag(sale_id)]
        return bool(send(self._release, self._names(sale_id, "stock", "bought", "requests"), args))

    def begin_warm_up(self, sale_id: int) -> str:
        """The epoch of the warm-up under way, or of a new one. Comes before the reading of the database."""
        epoch = new_id()
        under_way = self.redis.set(self._keys(sale_id, "epoch"), epoch, nx=True, get=True)
        return under_way.decode() if isinstance(under_way, bytes) else epoch

    def warm(self, sale: Sale, epoch: str, bought: dict[int, int], requests: dict[str, str]) -> bool:
        """Whether the stock is here now. False: what was read is out of date."""
        pairs = [number for pair in bought.items() for number in pair]
        presses = [text for pair in requests.items() for text in pair]
        args = [epoch, sale.version, sale.initial, sale.stock, *_terms(sale), len(pairs), *pairs, *presses]
        return bool(
            send(self._warm, self._names(sale.id, "stock", "bought", "requests", "epoch"), args) != b"stale"
        )

    def adjust(self, sale: Sale) -> bool:
        """Follow the sale's row. False when the sale's stock is not here."""
        args = [sale.version, sale.initial, *_terms(sale), self._channel, flag(sale.id)]
        return bool(send(self._adjust, self._names(sale.id, "stock", "epoch"), args) != b"cold")

    def owners(self, sale_id: int) -> frozenset[int] | None:
        """Who owns something of a sale of which nothing is left. None while something is left."""
        buyers = send(self._owners, self._names(sale_id, "stock", "bought"), [])
        return None if buyers is None else frozenset(map(int, buyers))

    def left(self, sale_ids: list[int]) -> list[int | None]:
        """What each sale has left to sell, in one round trip. None: its stock is not here."""
        with self.redis.pipeline(transaction=False) as pipe:
            for sale_id in sale_ids:
                pipe.hget(self._keys(sale_id, "stock"), "left")
            return [None if left is None else max(0, int(left)) for left in pipe.execute()]

    def name(self, sale_id: int, name: str) -> str:
        return self._keys(sale_id, name)

    def _names(self, sale_id: int, *names: str) -> list[str]:
        return [self._keys(sale_id, name) for name in names]

    def _load(self, name: str) -> Script:
        return self.redis.register_script((HERE / f"{name}.lua").read_text())


def flag(sale_id: int) -> str:
    """What processes call the sale's sold-out flag."""
    return f"sold_out:{sale_id}"


def send(script: Script, keys: list[str], args: list[Any]) -> Any:
    """Run a script that may be sent twice. A connection that fails is given one more try, nothing longer."""
    try:
        return script(keys=keys, args=args)
    except Disconnected:
        return script(keys=keys, args=args)


def _press(reservation: Reservation) -> tuple[int, str]:
    return reservation.attempt.buyer_id, reservation.attempt.key


def _terms(sale: Sale) -> tuple[int, int, int, str]:
    return sale.buyer_limit, milliseconds(sale.opens_at), milliseconds(sale.closes_at), sale.state
