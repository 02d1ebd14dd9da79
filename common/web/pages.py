"""What a buyer sees: the sales, one sale and its button, own orders. All of it works without JavaScript."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from math import ceil

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from common.buyers import Buyer
from common.ids import new_id
from common.shop import Attempt, Refused, Sale, Ticket
from common.web.answers import LOOK_AGAIN
from common.web.api import NoSuchOrder, visible_sale
from common.web.auth import current_buyer
from common.web.bodies import Purchase
from common.web.context import current
from common.web.filters import phase
from common.web.forms import typed
from common.web.inputs import check, new_attempt, valid_key
from common.web.logs import note
from common.web.problems import refusal
from common.web.tickets import own_ticket

bp = Blueprint("pages", __name__)

# What the shop may answer to a press. Each has its words in messages/*.toml, under `answer`.
ANSWERS = (
    "placed",
    "sold_out",
    "limit_reached",
    "not_open",
    "ended",
    "not_found",
    "invalid",
    "csrf",
    "busy",
    "too_many",
    "unknown",
)


@bp.get("/")
def sale_list() -> str:
    groups = by_phase(current().shop.catalog.list(), current().backends.clock())
    hero = next((group.pop(0) for group in (groups["live"], groups["soon"]) if group), None)
    return render_template("sales.html", hero=hero, groups=groups)


def by_phase(sales: Iterable[Sale], now: datetime) -> dict[str, list[Sale]]:
    """The sales as the list shows them: on sale, next to open, sold out, and over (the last first)."""
    groups: dict[str, list[Sale]] = {"live": [], "soon": [], "sold_out": [], "ended": []}
    for sale in sales:
        groups[phase(sale, now)].append(sale)
    groups["ended"].reverse()
    return groups


@bp.get("/sales/<sale:sale_id>")
def sale_page(sale_id: int) -> ResponseReturnValue:
    return show_sale(sale_id)


@bp.post("/sales/<sale:sale_id>")
def buy(sale_id: int) -> ResponseReturnValue:
    """One press of the button without JavaScript: the order, or the same page with the reason why not."""
    buyer = current_buyer()
    try:
        outcome = current().shop.buy(read_press(sale_id, buyer))
    except Refused as refused:
        note().outcome = refused.type
        return show_sale(sale_id, refused)
    note().answer(outcome)
    if isinstance(outcome, Ticket):
        return redirect(url_for("pages.ticket", ticket_id=outcome.id), 303)
    flash("order.thanks")
    return redirect(url_for("pages.order", order_id=outcome.id), 303)


def read_press(sale_id: int, buyer: Buyer) -> Attempt:
    """The attempt that the form on the sale page is."""
    purchase = check(Purchase, typed(Purchase))
    return new_attempt(sale_id, buyer, purchase.quantity, valid_key(request.form.get("key")))


def show_sale(sale_id: int, refused: Refused | None = None) -> ResponseReturnValue:
    """The page of one sale, with what the shop has just answered if it has."""
    page = render_template(
        "sale.html",
        sale=visible_sale(sale_id),
        key=sent_key(refused) or new_id(),
        quantity=request.form.get("quantity", 1),
        outcome=refused and (refused.type if refused.type in ANSWERS else "unknown"),
        again=refused and refused.retry_after and ceil(refused.retry_after),
        answers=ANSWERS,
    )
    return (page, refused.status, refusal(refused).headers) if refused else page


def sent_key(refused: Refused | None) -> str | None:
    """The key of a press that is told to try again: it is then the same press (from s05 on)."""
    return request.form.get("key") if refused and refused.retry_after else None


@bp.get("/tickets/<ticket:ticket_id>")
def ticket(ticket_id: str) -> str:
    """What has become of a press so far. While nothing has, the page looks again by itself."""
    found = own_ticket(ticket_id)
    return render_template(
        "ticket.html",
        ticket=found,
        sale=current().shop.catalog.get(found.sale_id),
        outcome=ticket_outcome(found),
        answers=ANSWERS,
        look_again=LOOK_AGAIN,
    )


def ticket_outcome(ticket: Ticket) -> str | None:
    """Which of `ANSWERS` the ticket has ended as; None while it has not."""
    if not ticket.ended:
        return None
    if ticket.state == "ordered":
        return "placed"
    return ticket.problem if ticket.problem in ANSWERS else "unknown"


@bp.get("/orders")
def orders() -> str:
    """The buyer's own orders, the newest first, at most 100."""
    found = current().orders.of(current_buyer().id)
    sales = {sale_id: current().shop.catalog.get(sale_id) for sale_id in {order.sale_id for order in found}}
    return render_template("orders.html", orders=[(order, sales[order.sale_id]) for order in found])


@bp.get("/orders/<order:order_id>")
def order(order_id: str) -> str:
    found = current().orders.get(current_buyer().id, order_id)
    if found is None:
        raise NoSuchOrder
    return render_template("order.html", order=found, sale=current().shop.catalog.get(found.sale_id))
