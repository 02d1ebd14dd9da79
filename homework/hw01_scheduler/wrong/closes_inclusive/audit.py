"""hw01, task 3: the audit. Given what the shop wrote down and what its buyers were told: what is wrong?

    sale    {"initial": 10, "stock": 3, "limit": 2, "price_cents": 100, "opens_at": 1000, "closes_at": 2000}
    orders  [{"id": "o1", "buyer": 7, "quantity": 1, "price_cents": 100, "created_at": 1500, "status": "placed"}, …]
    told    [{"buyer": 7, "quantity": 1, "answer": "order", "order_id": "o1"}, …]

`stock` is what is left now, after everything has come to rest; it only fell while the sale ran. Times are
seconds. `status` is "placed" or "cancelled": a cancelled order's units were given back, and are nobody's; they
were given back after the sale. `answer` is "order", "sold_out", "limit_reached" or "unknown" (no answer came:
there may be an order, or not); `order_id` is None unless it is "order".
"""

from __future__ import annotations

from collections import Counter
from typing import Any

Record = dict[str, Any]


def audit(sale: Record, orders: list[Record], told: list[Record]) -> set[str]:
    """The names of all violations found, out of these eight; an empty set when the sale is clean.

    oversold          live orders hold more units than there were
    not_conserved     units sold and units left do not make the units there were
    over_limit        a buyer owns more units than the limit
    outside_window    an order was placed before the sale opened, or when it had closed (opens <= t < closes)
    wrong_price       an order has another price than the sale
    order_missing     a buyer was told of an order that does not exist
    order_untold      an order exists of which nobody was told, and which no "unknown" attempt can explain
    false_sold_out    a buyer was told "sold_out", though that many units are still left
    """
    live = [order for order in orders if order["status"] != "cancelled"]
    sold = sum(order["quantity"] for order in live)
    owned: Counter[int] = Counter()
    for order in live:
        owned[order["buyer"]] += order["quantity"]
    left = sale["stock"]
    found = {
        "oversold": sold > sale["initial"],
        "not_conserved": sold + left != sale["initial"],
        "over_limit": any(units > sale["limit"] for units in owned.values()),
        "outside_window": any(
            not sale["opens_at"] <= order["created_at"] <= sale["closes_at"] for order in orders
        ),
        "wrong_price": any(order["price_cents"] != sale["price_cents"] for order in orders),
        "order_missing": bool(told_of(told) - {order["id"] for order in orders}),
        "order_untold": unexplained(orders, told),
        "false_sold_out": any(t["answer"] == "sold_out" and t["quantity"] <= left for t in told),
    }
    return {name for name, is_so in found.items() if is_so}


def told_of(told: list[Record]) -> set[str]:
    return {t["order_id"] for t in told if t["answer"] == "order"}


def unexplained(orders: list[Record], told: list[Record]) -> bool:
    """Whether there are orders that nobody was told of. Each "unknown" attempt explains one order like it."""
    doubts = Counter((t["buyer"], t["quantity"]) for t in told if t["answer"] == "unknown")
    untold = [order for order in orders if order["id"] not in told_of(told)]
    need = Counter((order["buyer"], order["quantity"]) for order in untold)
    return bool(need - doubts)


