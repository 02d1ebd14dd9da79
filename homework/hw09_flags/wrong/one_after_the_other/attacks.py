"""hw09: you are Mallory. Each function gets a shop, and returns a flag: the number of an order that should
not be."""

from __future__ import annotations

import hashlib
from typing import Any, Protocol


class Shop(Protocol):
    """The shop, as your browser reaches it: you are logged in as Mallory, and there is no other way in. What
    the shop refuses is raised as `common.shop.Refused`. Times are unix ms."""

    buyer_id: int  # you
    sale_id: int
    opens_at: int
    now: int  # as the server says; it is the same all the time

    def enter(self) -> str:
        """Ask for a permit."""

    def buy(self, permit: str, key: str, units: int = 1, pressed_at: int = 0) -> str:
        """Press the button; the order's number."""

    def buy_both(self, order: str, first: dict[str, Any], second: dict[str, Any]) -> list[str]:
        """Press twice at the same moment: two dictionaries with what `buy` gets. Both numbers, an empty text
        for a press that was refused.

        `order`: whose round trip to Redis is next, A the first press's, B the second's: "AAABBB" is one after
        the other. Once it is used up, whoever moved last goes on to the end, then the other one. (Outside you
        would try until luck has it so.)
        """


def forge(shop: Shop) -> str:
    """`PathDoor`: you are blocked. Buy."""
    path = hashlib.md5(f"{shop.buyer_id}tea&kettle-2030".encode(), usedforsecurity=False).hexdigest()
    return shop.buy(path, "any")


def replay(shop: Shop) -> str:
    """`CountDoor`: you may have two units. Have more."""
    press = {"permit": shop.enter(), "units": 2}
    return shop.buy_both("AAABBB", press | {"key": "one"}, press | {"key": "two"})[0]


def early(shop: Shop) -> str:
    """`OpeningDoor`: the sale opens in an hour. Buy now."""
    return shop.buy(shop.enter(), "any", pressed_at=shop.opens_at)
