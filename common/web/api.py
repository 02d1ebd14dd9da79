"""The buyers' API: sign in, look at sales, look at one's own orders. (Buying is in buy.py.)"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from common.buyers import Buyer
from common.shop import NoSuchSale, Refused, Sale
from common.tokens import LIFETIME, issue_token
from common.web.answers import order_document, sale_document, timed
from common.web.auth import Unauthorized, csrf_token, current_buyer, maybe_buyer
from common.web.bodies import Credentials
from common.web.context import current
from common.web.inputs import read

bp = Blueprint("api", __name__, url_prefix="/api")


class NoSuchOrder(Refused):
    """No order of this buyer has this id."""

    type, status, title = "not_found", 404, "No such order"


@bp.post("/session")
def create_session() -> dict[str, Any]:
    """A bearer token for a name and a password. Sets no cookie: the sign-in page does that."""
    given = read(Credentials)
    buyer = current().buyers.sign_in(given.name, given.password)
    if buyer is None:
        raise Unauthorized("Name or password is wrong")
    backends = current().backends
    return {
        "token": issue_token(backends.settings, buyer),
        "expires_at": backends.clock() + LIFETIME,
        "buyer": buyer_document(buyer),
    }


@bp.get("/session")
def show_session() -> dict[str, Any]:
    """Who is asking. Nobody is an answer too; a wrong token is not."""
    buyer = maybe_buyer()
    by_cookie = buyer is not None and "Authorization" not in request.headers
    return {
        "buyer": buyer_document(buyer) if buyer else None,
        "csrf_token": csrf_token() if by_cookie else None,
    }


@bp.get("/sales")
def list_sales() -> Response:
    """Every sale that is not a draft, the next to open first."""
    return timed({"sales": [sale_document(sale) for sale in current().shop.catalog.list()]})


@bp.get("/sales/<sale:sale_id>")
def show_sale(sale_id: int) -> Response:
    return timed(sale_document(visible_sale(sale_id)))


def visible_sale(sale_id: int) -> Sale:
    """The sale, or `NoSuchSale`: to buyers a draft is none."""
    sale = current().shop.catalog.get(sale_id)
    if sale is None or sale.state == "draft":
        raise NoSuchSale
    return sale


@bp.get("/orders")
def list_orders() -> dict[str, Any]:
    """The buyer's own orders, the newest first, at most 100."""
    orders = current().orders.of(current_buyer().id)
    return {"orders": [order_document(order) for order in orders]}


@bp.get("/orders/<order:order_id>")
def show_order(order_id: str) -> dict[str, Any]:
    """One of the buyer's own orders. Another buyer's is 404: nobody learns that it exists."""
    order = current().orders.get(current_buyer().id, order_id)
    if order is None:
        raise NoSuchOrder
    return order_document(order)


def buyer_document(buyer: Buyer) -> dict[str, Any]:
    return {"id": buyer.id, "name": buyer.name, "role": buyer.role}
