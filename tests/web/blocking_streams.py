"""A foil: the shop of s06 with its streams held open by the threads of the web process."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask, Response

from common.shop import Ticket, Tickets
from common.web.context import current
from common.web.tickets import EVENTS, event, greeting, own_ticket
from stages.s06_queue.app import create_app as create_right_app


def create_app() -> Flask:
    app = create_right_app()
    app.view_functions["tickets.show_events"] = show_events
    return app


def show_events(ticket_id: str) -> Response:
    tickets = current().shop.tickets
    assert tickets
    return Response(states(tickets, own_ticket(ticket_id)), content_type=EVENTS)


def states(tickets: Tickets, ticket: Ticket) -> Iterator[str]:
    yield greeting() + event(ticket, 0)
    for _ in tickets.changes(lambda: False):
        now = tickets.get(ticket.id)
        if now is None or now.ended:
            break
