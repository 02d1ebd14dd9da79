"""What a buyer sees: the sales, one sale and its button, own orders. All of it works without JavaScript."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from math import ceil

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from common.buyers import Buyer
from common.ids import new_id
from common.shop import Attempt, Challenge, Entry, Outcome, Refused, Sale, Ticket, Unclear, Wait
from common.web.answers import LOOK_AGAIN, entry_address
from common.web.api import NoSuchOrder, visible_sale
from common.web.auth import current_buyer
from common.web.bodies import Knock, Purchase
from common.web.context import current
from common.web.door import NoPlace, SolveFirst, new_visit, solve_first
from common.web.filters import phase
from common.web.forms import whole
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
    "challenge",
    "permit_required",
    "permit_invalid",
    "turned_away",
    "no_place",
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
        outcome = press(read_press(sale_id, buyer), buyer)
    except Refused as refused:
        note().outcome = refused.type
        return show_sale(sale_id, refused)
    note().answer(outcome)
    if isinstance(outcome, Ticket):
        return redirect(url_for("pages.ticket", ticket_id=outcome.id), 303)
    flash("order.thanks")
    return redirect(url_for("pages.order", order_id=outcome.id), 303)


def press(attempt: Attempt, buyer: Buyer) -> Outcome:
    """Through the door, where there is one, and at once to the button."""
    door = current().shop.door
    if door:
        try:
            attempt = with_permit(attempt, door.enter(new_visit(attempt.sale_id, buyer, read_knock())))
        except Refused as refused:
            with suppress(Refused):  # the same press sent again has its answer, and needs no permit for it
                return current().shop.buy(attempt)
            raise refused from None
    return current().shop.buy(attempt)


def with_permit(attempt: Attempt, entry: Entry) -> Attempt:
    if isinstance(entry, Challenge):
        raise solve_first(entry)
    if isinstance(entry, Wait):
        raise NoPlace(retry_after=entry.seconds)
    return replace(attempt, permit=entry.token)


def read_press(sale_id: int, buyer: Buyer) -> Attempt:
    """The attempt that the form on the sale page is."""
    purchase = check(Purchase, {"quantity": whole(request.form.get("quantity", ""))})
    return new_attempt(sale_id, buyer, purchase, valid_key(request.form.get("key")))


def read_knock() -> Knock:
    """What the form says to the door: at first nothing."""
    sent = {name: request.form[name] for name in ("challenge", "answer", "website") if request.form.get(name)}
    return check(Knock, sent)


def show_sale(sale_id: int, refused: Refused | None = None) -> ResponseReturnValue:
    """The page of one sale, with what the shop has just answered if it has."""
    page = render_template(
        "sale.html",
        sale=visible_sale(sale_id),
        entry=entry_address(sale_id),
        key=sent_key(refused) or new_id(),
        quantity=request.form.get("quantity", 1),
        outcome=refused and answer_kind(refused),
        again=refused and refused.retry_after and ceil(refused.retry_after),
        challenge=refused and refused.members.get("challenge"),
        question=refused and refused.members.get("question"),
        answers=ANSWERS,
    )
    return (page, refused.status, refusal(refused).headers) if refused else page


def answer_kind(refused: Refused) -> str:
    """Which of `ANSWERS` it is told as."""
    known = refused.type in ANSWERS and not isinstance(refused, Unclear)
    return refused.type if known else "unknown"


def sent_key(refused: Refused | None) -> str | None:
    """The key of a press that is told to try again: it is then the same press (from s05 on)."""
    again = refused and (refused.retry_after or isinstance(refused, SolveFirst))
    return request.form.get("key") if again else None


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
