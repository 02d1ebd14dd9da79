"""What goes out: sales and orders as JSON. Money in integer cents, times in UTC (RFC 3339, milliseconds)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Response, jsonify
from flask.json.provider import DefaultJSONProvider

from common.shop import LastKnownSale, Order, Outcome, Sale, Ticket
from common.web.context import current

LOOK_AGAIN = 1  # seconds between two looks at a ticket that has not ended


class Json(DefaultJSONProvider):
    """Flask's JSON, except that times are RFC 3339 and members keep their order."""

    sort_keys = False

    @staticmethod
    def default(value: Any) -> Any:
        return rfc3339(value) if isinstance(value, datetime) else DefaultJSONProvider.default(value)


def rfc3339(time: datetime) -> str:
    """2026-11-11T00:00:00.000Z"""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def sale_document(sale: Sale) -> dict[str, Any]:
    """`left` is what was left when the sale was read. `entry`: see `entry_address` (s09). `stale`, if it is
    there, is since when nobody could be asked (s10)."""
    document = {
        "id": sale.id,
        "title": sale.title,
        "title_zh": sale.title_zh,
        "image": sale.image,
        "price_cents": sale.price_cents,
        "list_price_cents": sale.list_price_cents,
        "units": sale.initial,
        "left": sale.stock,
        "buyer_limit": sale.buyer_limit,
        "opens_at": sale.opens_at,
        "closes_at": sale.closes_at,
        "state": sale.state,
        "entry": entry_address(sale.id),
        "version": sale.version,
    }
    return document | ({"stale": sale.known_at} if isinstance(sale, LastKnownSale) else {})


def entry_address(sale_id: int) -> str | None:
    """Where to get a permit for this sale; None: it takes none to press.

    So the shop tells whether it has a door: whoever asks from outside learns it from a sale's `entry`.
    """
    return f"/api/sales/{sale_id}/entry" if current().shop.door else None


def order_document(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "sale_id": order.sale_id,
        "quantity": order.quantity,
        "price_cents": order.price_cents,
        "total_cents": order.total_cents,
        "status": order.status,
        "created_at": order.created_at,
    }


def ticket_document(ticket: Ticket) -> dict[str, Any]:
    """`order_id` once it is ordered; `problem` (sold_out …) once it is refused."""
    return {
        "id": ticket.id,
        "sale_id": ticket.sale_id,
        "state": ticket.state,
        "order_id": ticket.order_id,
        "problem": ticket.problem,
    }


def outcome_response(outcome: Outcome) -> Response:
    """201 and the order, or 202 and a ticket to ask with. Location says where to look later."""
    if isinstance(outcome, Order):
        response, place = jsonify(order_document(outcome)), f"/api/orders/{outcome.id}"
        response.status_code = 201
    else:
        response, place = jsonify({"id": outcome.id, "state": outcome.state}), f"/api/tickets/{outcome.id}"
        response.status_code = 202
        response.headers["Retry-After"] = str(LOOK_AGAIN)
    response.headers["Location"] = place
    return response


def timed(document: dict[str, Any]) -> Response:
    """A JSON answer with the server's time (unix milliseconds) in a header that no cache may hold."""
    response = jsonify(document)
    response.headers["Seckill-Time"] = str(int(current().backends.clock().timestamp() * 1000))
    response.headers["Cache-Control"] = "no-store"
    return response
