"""Stock and limit in Redis: one step takes both, or neither."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from redis import RedisError

from common.backends import Clock
from common.shop import (
    Attempt,
    Busy,
    Catalog,
    Ended,
    Invalid,
    LimitReached,
    NoSuchSale,
    NotOpen,
    Refused,
    Reservation,
    SoldOut,
)
from stages.s05_redis_stock.counter import StockCounter, flag
from stages.s05_redis_stock.flags import SoldOutFlags

WARM_UPS = 3  # tries, when the database changes each time it is read

WarmUp = Callable[[int], bool]


class RedisStock:
    """A `Stock` in which a refusal costs one round trip to Redis, or none, and no SQL.

    Guarantees that of any presses at once, from any processes, no more get a reservation than there are
    units, and no buyer more than the limit; that the same press (sale, buyer, key) holds its units once,
    however often it is sent; that units given back can be bought in every process. Does not guarantee that a
    reservation becomes an order: a process that dies in between leaves the units held until the same press
    comes again, and for ever if it does not. Does not remember a refusal: the press may try again.
    """

    def __init__(
        self, counter: StockCounter, flags: SoldOutFlags, warm_up: WarmUp, catalog: Catalog, clock: Clock
    ) -> None:
        self._counter = counter
        self._flags = flags
        self._warm_up = warm_up
        self._catalog = catalog
        self._clock = clock

    def reserve(self, attempt: Attempt) -> Reservation:
        reservation = Reservation(attempt, token=attempt.id)
        self._ask(reservation)
        return reservation

    def _ask(self, reservation: Reservation) -> list[str]:
        """What reserve.lua says besides "reserved"; the refusal when it says anything else."""
        attempt = reservation.attempt
        if self._flags.refuses(attempt):
            raise SoldOut
        for _ in range(WARM_UPS):
            answer, *values = self._counter.reserve(reservation, self._clock())
            if answer == "reserved":
                return values
            if answer != "cold":
                raise self._refusal(attempt.sale_id, answer, *values)
            if self._catalog.get(attempt.sale_id) is None:  # cached: made-up ids cost no SQL
                raise NoSuchSale
            self._warm_up(attempt.sale_id)
        raise Busy("The sale is being set up; nothing was taken")

    def confirm(self, reservation: Reservation) -> None:
        self._counter.confirm(reservation)

    def release(self, reservation: Reservation) -> None:
        if self._counter.release(reservation):
            self._flags.drop(flag(reservation.attempt.sale_id))  # the other processes hear of it

    def _refusal(self, sale_id: int, answer: str, value: str = "0") -> Refused:
        if answer == "sold_out" and int(value) <= 0:
            with suppress(RedisError):  # a flag spares work, and is no reason to fail
                self._flags.get(flag(sale_id), lambda: self._counter.owners(sale_id))
        return refusal_of(answer, value)


def refusal_of(answer: str, value: str = "0") -> Refused:
    """What reserve.lua, or another script that asks the same of a sale, has said no with."""
    match answer:
        case "sold_out":
            return SoldOut()
        case "limit_reached":
            return LimitReached()
        case "draft":
            return NoSuchSale()
        case "not_open":
            return NotOpen(opens_at=datetime.fromtimestamp(int(value) / 1000, UTC))
        case "ended":
            return Ended()
        case "other_quantity":
            return Invalid("Idempotency-Key", "was sent before with another quantity; use a new one")
    raise ValueError(f"a script answered {answer!r}")
