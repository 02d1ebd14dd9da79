"""What the contract promises and this stage does not have yet: a 501 that names the stage that has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, TypeVar

from flask import Blueprint

from common.web.context import current
from common.web.problems import NotInThisStage

LATER = (
    ("DELETE", "/api/orders/<order:order_id>", "s12"),
    ("POST", "/api/orders/<order:order_id>/payment", "s12"),
    ("POST", "/api/payments/callback", "s12"),
    ("POST", "/api/sales/<sale:sale_id>/bookings", "s15"),
)

bp = Blueprint("missing", __name__)
Part = TypeVar("Part")


def present(part: Part | None, since: str) -> Part:
    """This part of the shop. `NotInThisStage` where there is none: stage `since` brings it."""
    if part is None:
        raise later(since)
    return part


def later(stage: str) -> NotInThisStage:
    here = current().stage.code
    return NotInThisStage(f"{here} does not have this; it comes with {stage}", stage=stage)


def says_no(stage: str) -> Callable[..., NoReturn]:
    def answer(**_: object) -> NoReturn:
        raise later(stage)

    return answer


for method, rule, stage in LATER:
    bp.add_url_rule(rule, f"{method} {rule}".replace(".", "_"), says_no(stage), methods=[method])
