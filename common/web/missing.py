"""What the contract promises and this stage does not have yet: a 501 that names the stage that has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

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


def says_no(stage: str) -> Callable[..., NoReturn]:
    def answer(**_: object) -> NoReturn:
        here = current().stage.code
        raise NotInThisStage(f"{here} does not have this; it comes with {stage}", stage=stage)

    return answer


for method, rule, stage in LATER:
    bp.add_url_rule(rule, f"{method} {rule}".replace(".", "_"), says_no(stage), methods=[method])
