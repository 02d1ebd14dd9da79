"""What does not help. A foil is a wrong variant that the proofs plug in to show that they would notice.

Each is a `Stock` that takes in its own, wrong way, and leaves everything else to `RedisStock`.
"""

from __future__ import annotations

import time

from redis import Redis

from common.ids import new_id
from common.shop import Attempt, Busy, NoSuchSale, Reservation, SoldOut
from stages.s05_redis_stock.counter import send
from stages.s05_redis_stock.stock import RedisStock


class Foil(RedisStock):
    """Takes by `_take`, and writes down the rest in a second step."""

    def reserve(self, attempt: Attempt) -> Reservation:
        self._take(self._counter.redis, self._counter.name(attempt.sale_id, "stock"), attempt)
        bought, requests = (self._counter.name(attempt.sale_id, name) for name in ("bought", "requests"))
        request, value = f"{attempt.buyer_id}:{attempt.key}", f"{attempt.id} {attempt.quantity} held"
        with self._counter.redis.pipeline() as pipe:
            pipe.hincrby(bought, str(attempt.buyer_id), attempt.quantity)
            pipe.hset(requests, request, value)
            pipe.execute()
        return Reservation(attempt, attempt.id)

    def _take(self, redis: Redis, stock: str, attempt: Attempt) -> None:
        raise NotImplementedError


class GetThenDecr(Foil):
    """Looks, then takes: s01's mistake, on a faster server."""

    def _take(self, redis: Redis, stock: str, attempt: Attempt) -> None:
        if int(redis.hget(stock, "left") or 0) < attempt.quantity:
            raise SoldOut
        redis.hincrby(stock, "left", -attempt.quantity)


class DecrThenIncr(Foil):
    """Takes, then gives back when that was too much. Never oversells, and says "sold out" of what is there.

    While one buyer's three units are on their way back, another is refused the two that are left.
    """

    def _take(self, redis: Redis, stock: str, attempt: Attempt) -> None:
        if redis.hincrby(stock, "left", -attempt.quantity) < 0:
            redis.hincrby(stock, "left", attempt.quantity)
            raise SoldOut


class DistributedLock(Foil):
    """The lock as it is usually built: SETNX with an expiry around look-then-act, deleted at the end.

    Whoever works longer than the lease works without the lock, beside its next owner, whose lock it then
    deletes. A token checked before the delete mends only the second half; a longer lease makes it rarer, and
    a crash dearer. And it costs four round trips, everybody one after the other, where a script needs one.
    """

    lease = 0.02  # seconds

    def _take(self, redis: Redis, stock: str, attempt: Attempt) -> None:
        lock = self._counter.name(attempt.sale_id, "lock")
        give_up = time.monotonic() + 1
        while not redis.set(lock, new_id(), nx=True, px=int(self.lease * 1000)):
            if time.monotonic() > give_up:
                raise Busy
            time.sleep(0.002)
        try:
            left = int(redis.hget(stock, "left") or 0)
            if left < attempt.quantity:
                raise SoldOut
            redis.hset(stock, "left", str(left - attempt.quantity))
        finally:
            redis.delete(lock)


class SetsStockAtBoot(RedisStock):
    """Copies the database's stock over Redis when a process first hears of a sale: `SET stock = …`.

    The database does not know of the units that are held at that moment, so each process that starts puts
    them on sale once more.
    """

    def reserve(self, attempt: Attempt) -> Reservation:
        booted = self.__dict__.setdefault("_booted", set())
        if attempt.sale_id not in booted:
            booted.add(attempt.sale_id)
            sale = self._catalog.get(attempt.sale_id)
            if sale is None:
                raise NoSuchSale
            self._counter.redis.delete(self._counter.name(sale.id, "stock"))
            self._warm_up(sale.id)
        return super().reserve(attempt)


class WithoutRequestKey(Foil):
    """A script that is atomic, and not idempotent: asked again after a lost reply, it takes again."""

    TAKE = """
        if tonumber(redis.call('HGET', KEYS[1], 'left')) < tonumber(ARGV[1]) then return 0 end
        redis.call('HINCRBY', KEYS[1], 'left', -ARGV[1])
        return 1
    """

    def _take(self, redis: Redis, stock: str, attempt: Attempt) -> None:
        if not send(redis.register_script(self.TAKE), [stock], [attempt.quantity]):
            raise SoldOut
