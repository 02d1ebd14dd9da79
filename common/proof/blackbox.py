"""Judging a shop from outside: only by what its API says and by what its buyers were told.

For any server that speaks the contract (openapi.yaml), in any language: signing in, one sale, buying, tickets
if it gives any, one's own orders. Nothing is asked of its database.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from common.proof.crowd import CrowdError, Press, Target, run
from common.proof.facts import Facts
from common.proof.history import Told
from common.shop import Order, Sale

TIMEOUT = 10.0  # seconds for one request
READERS = 8


class Outside:
    """A shop somewhere, seen through its API."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def sign_in(self, name: str, password: str) -> str:
        """A bearer token. `CrowdError` if the shop does not let this buyer in."""
        return str(self._call("POST", "/api/session", body={"name": name, "password": password})["token"])

    def sale(self, sale_id: int) -> Sale:
        """The sale as the shop describes it; what a shop need not say is taken for harmless."""
        said = self._call("GET", f"/api/sales/{sale_id}")
        return Sale(
            id=sale_id,
            title=str(said.get("title", "")),
            title_zh="",
            image="",
            price_cents=int(said["price_cents"]),
            list_price_cents=int(said.get("list_price_cents", said["price_cents"])),
            initial=int(said["units"]),
            stock=int(said["left"]),
            buyer_limit=int(said["buyer_limit"]),
            opens_at=datetime.fromisoformat(said["opens_at"]),
            closes_at=datetime.fromisoformat(said["closes_at"]),
            state=said.get("state", "published"),
            version=int(said.get("version", 1)),
        )

    def orders(self, sale_id: int, buyer_id: int, token: str) -> list[Order]:
        """The buyer's orders of this sale."""
        said = self._call("GET", "/api/orders", token=token)["orders"]
        return [_order(each, buyer_id) for each in said if each["sale_id"] == sale_id]

    def _call(self, method: str, path: str, *, token: str = "", body: object = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, data, headers, method=method)  # noqa: S310 - the user named it
        try:
            with urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                return dict(json.load(answer))
        except HTTPError as error:
            with error:
                raise CrowdError(f"{method} {path} was answered {error.code}, not with success") from None
        except (URLError, OSError) as error:
            raise CrowdError(f"{method} {path} was not answered: {error}") from None
        except (ValueError, TypeError) as error:
            raise CrowdError(f"{method} {path} was not answered with a JSON object ({error})") from None


def examine(
    shop: Outside,
    sale_id: int,
    tokens: Mapping[int, str],
    presses: Sequence[Press],
    *,
    restart: str | None = None,
    on_told: Callable[[Told], None] = lambda _: None,
) -> Facts:
    """Send the crowd, read what it left, and hand over the facts for the oracle.

    Units that were gone before count as never offered, and orders from before as nobody's. `restart` is a
    shell command run once, when half of the attempts have been answered; the crowd does not wait for it.
    Guarantees that each press is sent once and no more. Does not see what the API hides: an order that no
    buyer is shown cannot be found from outside.
    """
    before = _read(shop, sale_id)
    gone = before.initial - before.stock
    old = {order.id for order in _all_orders(shop, sale_id, tokens)}
    answered = count(1)
    half = len(presses) // 2
    restarting: list[threading.Thread] = []

    def hear(told: Told) -> None:
        on_told(told)
        if next(answered) == half and restart:
            restarting.append(threading.Thread(target=_restart, args=(restart,)))
            restarting[0].start()

    history = run(Target(shop.url, sale_id, tokens), presses, on_told=hear)
    for thread in restarting:
        thread.join()
    orders = [order for order in _all_orders(shop, sale_id, tokens) if order.id not in old]
    after = _read(shop, sale_id)
    at_rest = all(told.ended_at for told in history)
    begin, end = (replace(each, initial=each.initial - gone) for each in (before, after))
    return Facts(end, orders, history, at_rest, earlier=[begin])


def _restart(command: str) -> None:
    subprocess.run(command, shell=True, check=False, timeout=120)  # noqa: S602 - the user's own command


def _read(shop: Outside, sale_id: int) -> Sale:
    try:
        return shop.sale(sale_id)
    except (KeyError, ValueError, TypeError) as error:
        raise CrowdError(f"GET /api/sales/{sale_id} lacks something, or has it wrong: {error}") from None


def _all_orders(shop: Outside, sale_id: int, tokens: Mapping[int, str]) -> list[Order]:
    with ThreadPoolExecutor(READERS) as threads:
        lists = threads.map(lambda each: shop.orders(sale_id, *each), tokens.items())
        return [order for orders in lists for order in orders]


def _order(said: Mapping[str, Any], buyer_id: int) -> Order:
    return Order(
        id=str(said["id"]),
        sale_id=int(said["sale_id"]),
        buyer_id=buyer_id,
        quantity=int(said["quantity"]),
        price_cents=int(said["price_cents"]),
        status=str(said.get("status", "placed")),
        created_at=datetime.fromisoformat(said["created_at"]),
    )
