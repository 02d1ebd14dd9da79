"""What goes out: sales and orders as JSON. Money in integer cents, times in UTC (RFC 3339, milliseconds)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from flask import Response, jsonify
from flask.json.provider import DefaultJSONProvider

from common.shop import Order, Outcome, Sale, Ticket
from common.web.context import current

LOOK_AGAIN = 1  # seconds between two looks at a ticket that has not ended


class Json(DefaultJSONProvider):
    """Flask's JSON, except that times are RFC 3339 and members keep their order."""

    sort_keys = False

    @staticmethod
    def default(value: Any) -> Any:
        return rfc3339(value) if isinstance(value, datetime) else DefaultJSONProvider.default(value)


ENCODER = json.JSONEncoder(default=Json.default)


def rfc3339(time: datetime) -> str:
    """2026-11-11T00:00:00.000Z"""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def sale_document(sale: Sale) -> dict[str, Any]:
    """`left` is what was left when the sale was read. `entry` is how to get in before buying (s09)."""
    return {
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
        "entry": None,
        "version": sale.version,
    }


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


def outcome_answer(outcome: Outcome) -> tuple[dict[str, Any], int, dict[str, str]]:
    """201 and the order, or 202 and a ticket to ask with. Location says where to look later."""
    if isinstance(outcome, Order):
        return order_document(outcome), 201, {"Location": f"/api/orders/{outcome.id}"}
    headers = {"Location": f"/api/tickets/{outcome.id}", "Retry-After": str(LOOK_AGAIN)}
    return {"id": outcome.id, "state": outcome.state}, 202, headers


def outcome_response(outcome: Outcome) -> Response:
    """The same for Flask."""
    document, status, headers = outcome_answer(outcome)
    response = jsonify(document)
    response.status_code = status
    response.headers.update(headers)
    return response


def timed(document: dict[str, Any]) -> Response:
    """A JSON answer with the server's time (unix milliseconds) in a header that no cache may hold."""
    response = jsonify(document)
    response.headers["Seckill-Time"] = str(int(current().backends.clock().timestamp() * 1000))
    response.headers["Cache-Control"] = "no-store"
    return response
