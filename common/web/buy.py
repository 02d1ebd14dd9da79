"""The route that matters: one press of the buy button, from HTTP to the stage and back."""

from __future__ import annotations

from flask import Blueprint, Response

from common.web.answers import outcome_response
from common.web.auth import current_buyer
from common.web.context import current
from common.web.inputs import read_attempt
from common.web.logs import note

bp = Blueprint("buy", __name__)


@bp.post("/api/sales/<sale:sale_id>/orders")
def buy(sale_id: int) -> Response:
    """201 with the order, 202 with a ticket (from s06), or a refusal as a problem document."""
    attempt = read_attempt(sale_id, current_buyer())
    outcome = current().shop.buy(attempt)
    note().answer(outcome)
    return outcome_response(outcome)
