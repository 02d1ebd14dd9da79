"""hw09: three doors, each before a flash sale of its own, and each lets somebody in who should not be.

Read them, break them, then mend them. Times are unix ms.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shelf import Press, Shelf

from common.backends import Clock
from common.shop import NotOpen, PermitInvalid, TurnedAway

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = 60_000
HOUR = 60 * MINUTE
# <given>
# SALT = "tea&kettle-2030"  # nobody knows it but us
# </given>


@dataclass(frozen=True)
class Door:
    """What a door has. `enter` gives a buyer a permit. `buy` sells to who shows it, and answers with the
    number of the order."""

    shelf: Shelf
    clock: Clock  # of the server
    secret: bytes  # this shop's own; it is in no code
    opens_at: int
    blocked: frozenset[int]  # buyers

    def now(self) -> int:
        return (self.clock() - EPOCH) // timedelta(milliseconds=1)


class PathDoor(Door):
    """Who is not blocked is told a path that nobody else can know: /buy/ and 32 digits of 0-9 and a-f, for
    that is what our nginx lets pass."""

    def enter(self, buyer_id: int) -> str:
        if buyer_id in self.blocked:
            raise TurnedAway
        # <given>
        # return self._path(buyer_id)
        # <mended>
        return self._path(buyer_id, self.now() // MINUTE)
        # </given>

    def buy(self, press: Press) -> str:
        # <given>
        # if press.permit != self._path(press.buyer_id):
        #     raise PermitInvalid
        # <mended>
        this = self.now() // MINUTE
        if not any(same(press.permit, self._path(press.buyer_id, minute)) for minute in (this, this - 1)):
            raise PermitInvalid
        # </given>
        return self.shelf.sell(press)

    # <given>
    # def _path(self, buyer_id: int) -> str:
    #     return hashlib.md5(f"{buyer_id}{SALT}".encode()).hexdigest()
    # <mended>
    def _path(self, buyer_id: int, minute: int) -> str:
        return sign(self.secret, f"{self.shelf.sale_id}:{buyer_id}:{minute}")[:32]

    # </given>


class CountDoor(Door):
    """Each buyer may have two units, in one press or in two. The door keeps the permit itself, and the page
    shows the buyer's name on it: whoever is logged in as them may use it."""

    def enter(self, buyer_id: int) -> str:
        self.shelf.redis.set(self._permit(buyer_id), 2, nx=True, ex=2 * HOUR // 1000)
        return f"permit of {buyer_id}"

    def buy(self, press: Press) -> str:
        # <given>
        # left = int(self.shelf.redis.get(self._permit(press.buyer_id)) or 0)
        # if left < press.units:
        #     raise PermitInvalid
        # number = self.shelf.sell(press)
        # self.shelf.redis.set(self._permit(press.buyer_id), left - press.units, keepttl=True)
        # return number
        # <mended>
        keys = [self.shelf.stock, self.shelf.orders, self._permit(press.buyer_id)]
        return self.shelf.run("redeem.lua", keys, press)
        # </given>

    def _permit(self, buyer_id: int) -> str:
        return self.shelf.keys(self.shelf.sale_id, f"permit:{buyer_id}")


class OpeningDoor(Door):
    # <given>
    # """Permits are to be had at any time, so that not everybody comes at once. They are good from the
    # opening on."""
    # <mended>
    """Permits are to be had from the opening on."""

    # </given>

    def enter(self, buyer_id: int) -> str:
        # <given>
        # return self._permit(buyer_id)
        # <mended>
        self._check_open()
        return self._permit(buyer_id, str(self.now()))
        # </given>

    def buy(self, press: Press) -> str:
        # <given>
        # if not hmac.compare_digest(press.permit.encode(), self._permit(press.buyer_id).encode()):
        #     raise PermitInvalid
        # if press.pressed_at < self.opens_at:  # a bad network is slow: what counts is when they pressed
        #     raise NotOpen(opens_at=self.opens_at)
        # <mended>
        self._check_open()
        issued = press.permit.partition(".")[0]
        if not same(press.permit, self._permit(press.buyer_id, issued)) or int(issued) < self.opens_at:
            raise PermitInvalid  # the second: it was given out for an opening that has been put off since
        # </given>
        return self.shelf.sell(press)

    # <given>
    # def _permit(self, buyer_id: int) -> str:
    #     said = f"{buyer_id}{self.shelf.sale_id}"
    #     return hmac.new(self.secret, said.encode(), hashlib.sha256).hexdigest()
    # <mended>
    def _permit(self, buyer_id: int, issued: str) -> str:
        return f"{issued}.{sign(self.secret, f'{self.shelf.sale_id}:{buyer_id}:{issued}')}"

    def _check_open(self) -> None:
        if self.now() < self.opens_at:
            raise NotOpen(opens_at=self.opens_at)


def sign(secret: bytes, said: str) -> str:
    return hmac.new(secret, in_bytes(said), hashlib.sha256).hexdigest()


def same(shown: str, right: str) -> bool:
    return hmac.compare_digest(in_bytes(shown), in_bytes(right))  # of text it bears ASCII only


def in_bytes(said: str) -> bytes:
    return said.encode("utf-8", "surrogatepass")  # JSON can hold half a character: \ud800


# </given>
