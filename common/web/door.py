"""The way in: a permit, a challenge before it, or a while to wait (from s09)."""

from __future__ import annotations

from math import ceil

from flask import Blueprint, Response, jsonify, request

from common.buyers import Buyer
from common.shop import Challenge, Door, Entry, Permit, Refused, Solution, Visit, Wait
from common.web.auth import current_buyer
from common.web.bodies import Knock
from common.web.context import current
from common.web.i18n import language
from common.web.inputs import read
from common.web.logs import note
from common.web.missing import present
from common.web.problems import refusal

bp = Blueprint("door", __name__)


class SolveFirst(Refused):
    """The door has a challenge for the visitor."""

    type, status, title = "challenge", 403, "Solve this first"


class NoPlace(Refused):
    """As many permits are out as fit the stock. To programs it is said as 202."""

    type, status, title = "no_place", 503, "No permit is free"


@bp.post("/api/sales/<sale:sale_id>/entry")
def enter(sale_id: int) -> Response:
    """200 with a permit, 202 with how long to wait, 403 with a challenge; or a refusal."""
    buyer, door = current_buyer(), open_door()
    return entry_response(door.enter(new_visit(sale_id, buyer, read(Knock))))


def open_door() -> Door:
    return present(current().shop.door, since="s09")


def new_visit(sale_id: int, buyer: Buyer, knock: Knock) -> Visit:
    """`client` is the peer of the connection; what the headers say, anybody may write."""
    solved = Solution(knock.challenge, knock.work, knock.answer) if knock.challenge else None
    return Visit(
        sale_id=sale_id,
        buyer_id=buyer.id,
        client=request.remote_addr or "",
        device=request.headers.get("User-Agent", "")[:200],
        came_from=request.headers.get("Referer", "")[:200],
        solution=solved,
        trapped=bool(knock.website),
    )


def entry_response(entry: Entry) -> Response:
    if isinstance(entry, Permit):
        note().outcome = "permit"
        return jsonify({"permit": entry.token, "expires_at": entry.expires_at})
    if isinstance(entry, Wait):
        note().outcome = "wait"
        response = jsonify({"wait": entry.seconds})
        response.status_code, response.headers["Retry-After"] = 202, str(ceil(entry.seconds))
        return response
    note().outcome = "challenge"
    return refusal(solve_first(entry)).response()


def solve_first(challenge: Challenge) -> SolveFirst:
    """The challenge as a problem document: by work, or in words in the visitor's language."""
    return SolveFirst(
        "Send the challenge back with the work done, or with the answer to the question",
        challenge=challenge.token,
        bits=challenge.bits,
        question=challenge.question[language()],
    )
