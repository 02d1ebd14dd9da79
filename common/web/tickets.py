"""What became of a press: a ticket as JSON, and as server-sent events (from s06)."""

from __future__ import annotations

from flask import Blueprint, Response, json, jsonify, request

from common.shop import Refused, Ticket
from common.web.answers import LOOK_AGAIN, ticket_document
from common.web.auth import current_buyer
from common.web.context import current
from common.web.missing import present

bp = Blueprint("tickets", __name__, url_prefix="/api/tickets")

RANKS = {"queued": 1, "working": 2, "ordered": 3, "refused": 3}
LAST = max(RANKS.values())
EVENTS = "text/event-stream"


class NoSuchTicket(Refused):
    """No ticket of this buyer has this id."""

    type, status, title = "not_found", 404, "No such ticket"


@bp.get("/<ticket:ticket_id>")
def show_ticket(ticket_id: str) -> Response:
    """One of the buyer's own tickets. Another buyer's is 404: nobody learns that it exists."""
    ticket = own_ticket(ticket_id)
    response = jsonify(ticket_document(ticket))
    if not ticket.ended:
        response.headers["Retry-After"] = str(LOOK_AGAIN)
    return response


@bp.get("/<ticket:ticket_id>/events")
def show_events(ticket_id: str) -> Response:
    """What has happened so far, and then the end: the browser comes back for more by itself.

    A stream that stays open would hold one of this process's few threads. Behind the edge of s06 another
    process answers this address, with streams that stay (common.events).
    """
    ticket, seen = own_ticket(ticket_id), last_seen(request.headers.get("Last-Event-ID"))
    if seen == LAST:
        return Response(status=204)  # which tells the browser not to come back
    return Response(greeting() + event(ticket, seen), content_type=EVENTS)


def own_ticket(ticket_id: str) -> Ticket:
    buyer, tickets = current_buyer(), present(current().shop.tickets, since="s06")
    return owned(tickets.get(ticket_id), buyer.id)


def owned(ticket: Ticket | None, buyer_id: int) -> Ticket:
    """`ticket`, or `NoSuchTicket` when there is none or it is somebody else's."""
    if ticket is None or ticket.buyer_id != buyer_id:
        raise NoSuchTicket
    return ticket


def greeting() -> str:
    """The beginning of every event stream: how many milliseconds to wait before connecting again."""
    return f"retry: {LOOK_AGAIN * 1000}\n\n"


def event(ticket: Ticket, seen: int) -> str:
    """The ticket as a server-sent event; nothing when the reader has seen this state already.

    The event's id is how far the ticket has come. It only moves forward, so who names the last id they saw
    (Last-Event-ID) misses nothing that still matters.
    """
    if rank(ticket) <= seen:
        return ""
    return f"id: {rank(ticket)}\ndata: {json.dumps(ticket_document(ticket))}\n\n"


def rank(ticket: Ticket) -> int:
    """How far it has come."""
    return RANKS[ticket.state]


def last_seen(header: str | None) -> int:
    """The Last-Event-ID that a reader sent; 0 when there is none, or none of ours."""
    known = {str(rank) for rank in RANKS.values()}
    return int(header) if header in known else 0
