"""Judging a shop from outside: only by what its API says and by what its buyers were told.

For any server that speaks the contract (openapi.yaml), in any language: signing in, one sale, buying, tickets
if it gives any, one's own orders. Nothing is asked of its database.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from http.client import HTTPException
from itertools import count
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from common.proof.crowd import CrowdError, Press, Target, run
from common.proof.facts import Facts
from common.proof.history import Told
from common.shop import Order, Sale

TIMEOUT = 10.0  # seconds for one request
RESTARTED_WITHIN = 120.0  # seconds
READERS = 8


class Outside:
    """A shop somewhere, seen through its API. `CrowdError` when it does not answer as the contract says."""

    def __init__(self, url: str) -> None:
        if not is_address(url):
            raise CrowdError(f"{url} is no address of a shop: write it as http://HOST:PORT")
        self.url = url.rstrip("/")

    def sign_in(self, name: str, password: str) -> str:
        """A bearer token. `CrowdError` if the shop does not let this buyer in."""
        with understood("POST /api/session"):
            return str(self._call("POST", "/api/session", body={"name": name, "password": password})["token"])

    def sale(self, sale_id: int) -> Sale:
        """The sale as the shop describes it; what a shop need not say is taken for harmless."""
        path = f"/api/sales/{sale_id}"
        with understood(f"GET {path}"):
            return _sale(self._call("GET", path), sale_id)

    def orders(self, sale_id: int, buyer_id: int, token: str) -> list[Order]:
        """The buyer's orders of this sale."""
        with understood("GET /api/orders"):
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
        except (URLError, OSError, HTTPException) as error:
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
    shell command run once, when half of the attempts have been answered; the crowd does not wait for it, and
    if it fails there are no facts. Guarantees that each press is sent once and no more. Does not see what the
    API hides: an order that no buyer is shown cannot be found from outside.
    """
    before = shop.sale(sale_id)
    gone = before.initial - before.stock
    old = {order.id for order in _all_orders(shop, sale_id, tokens)}
    answered = count(1)
    half = max(1, len(presses) // 2)
    restarting: list[Future[None]] = []

    with ThreadPoolExecutor(1) as beside:

        def hear(told: Told) -> None:
            on_told(told)
            if next(answered) == half and restart:
                restarting.append(beside.submit(_restart, restart))

        history = run(Target(shop.url, sale_id, tokens), presses, on_told=hear)
    for each in restarting:
        each.result()
    orders = [order for order in _all_orders(shop, sale_id, tokens) if order.id not in old]
    after = shop.sale(sale_id)
    at_rest = all(told.ended_at for told in history)
    begin, end = (replace(each, initial=each.initial - gone) for each in (before, after))
    return Facts(end, orders, history, at_rest, earlier=[begin])


def is_address(url: str) -> bool:
    with suppress(ValueError):  # of a port that is none, for one
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    return False


@contextmanager
def understood(request: str) -> Iterator[None]:
    """`CrowdError` when the answer to `request` has not what the contract says."""
    try:
        yield
    except (LookupError, ValueError, TypeError) as error:
        raise CrowdError(f"{request} lacks something, or has it wrong: {error}") from None


def _restart(command: str) -> None:
    """Run it. `CrowdError` when it fails: a shop that was never restarted has survived nothing."""
    try:  # it is the user's own
        done = subprocess.run(command, shell=True, check=False, timeout=RESTARTED_WITHIN)  # noqa: S602
    except subprocess.TimeoutExpired:
        raise CrowdError(
            f"`{command}` did not end within {RESTARTED_WITHIN:.0f} s: nothing is proved"
        ) from None
    if done.returncode:
        raise CrowdError(f"`{command}` failed with exit code {done.returncode}: nothing is proved")


def _all_orders(shop: Outside, sale_id: int, tokens: Mapping[int, str]) -> list[Order]:
    with ThreadPoolExecutor(READERS) as threads:
        lists = threads.map(lambda each: shop.orders(sale_id, *each), tokens.items())
        return [order for orders in lists for order in orders]


def _sale(said: Mapping[str, Any], sale_id: int) -> Sale:
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
