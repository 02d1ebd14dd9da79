"""How often people may press: the back office looks, and changes it while the shop sells (from s08)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint

from common.shop import Invalid, Limit, Limits
from common.web.auth import current_admin
from common.web.bodies import LimitsChange
from common.web.context import current
from common.web.inputs import read
from common.web.missing import present

bp = Blueprint("limits", __name__, url_prefix="/api/admin/limits")


@bp.before_request
def admins_only() -> None:
    current_admin()


@bp.get("")
def show_limits() -> dict[str, Any]:
    """Every limit as it is in force; null is off."""
    found = limits().show()
    return {"limits": {name: asdict(limit) if limit else None for name, limit in found.items()}}


@bp.patch("")
def change_limits() -> dict[str, Any]:
    """From the next press on, in every process."""
    wanted = limits()
    changes = read(LimitsChange).model_dump(exclude_unset=True)
    if not changes:
        raise Invalid("body", "must name at least one limit to change")
    wanted.change({name: Limit(**limit) if limit else None for name, limit in changes.items()})
    return show_limits()


def limits() -> Limits:
    return present(current().shop.limits, since="s08")
