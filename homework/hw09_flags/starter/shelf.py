"""hw09: the shelf behind the doors, and what a press says. All of this is right as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from common.backends import Keys
from common.ids import new_id
from common.shop import PermitInvalid, SoldOut


@dataclass(frozen=True)
class Press:
    """One press of the buy button. `buyer_id` is whoever is logged in: that is certain. All else is what the
    browser says. A press that is sent again has the same `key`."""

    buyer_id: int
    permit: str
    key: str
    units: int  # 1 to 9: the web layer has looked
    pressed_at: int  # unix ms, by the browser's clock


@dataclass(frozen=True)
class Shelf:
    """The units of one sale."""

    redis: Redis
    keys: Keys
    sale_id: int

    @property
    def stock(self) -> str:
        return self.keys(self.sale_id, "stock")

    @property
    def orders(self) -> str:
        return self.keys(self.sale_id, "orders")

    def sell(self, press: Press) -> str:
        """Take the units; the order's number. The same again for a press that was sent before."""
        return self.run("sell.lua", [self.stock, self.orders], press)

    def run(self, script: str, keys: Sequence[str], press: Press) -> str:
        """Run a script that answers as sell.lua and redeem.lua do. Raises `SoldOut`, `PermitInvalid`."""
        text = Path(__file__).with_name(script).read_text("utf-8")
        args = [press.buyer_id, press.key, press.units, new_id()]
        answer = self.redis.register_script(text)(keys=keys, args=args)
        match answer:
            case [b"ordered", bytes(number)]:
                return number.decode()
            case [b"sold_out"]:
                raise SoldOut
            case [b"no_permit"]:
                raise PermitInvalid
            case None:
                raise NotImplementedError(f"Nothing is returned by {script} yet")
        raise ValueError(f"{script} answered {answer!r}, which is none of what its head says")
