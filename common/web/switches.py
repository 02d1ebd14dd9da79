"""Live switches: the back office looks, and switches while the shop sells (from s10)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, request

from common.shop import Busy, Invalid, Switches
from common.web.auth import SAFE_METHODS, current_admin
from common.web.bodies import SwitchesChange
from common.web.context import current
from common.web.inputs import read
from common.web.missing import present

bp = Blueprint("switches", __name__, url_prefix="/api/admin/switches")
CHANGES_THE_SHOP = frozenset(
    {"admin_api", "admin_pages", "limits", "limit_pages", "door_admin", "door_pages"}
)


@bp.before_request
def admins_only() -> None:
    current_admin()


@bp.before_app_request
def change_nothing_while_read_only() -> None:
    """The switches themselves can always be changed. (Presses are refused by the shop.)"""
    found = current().shop.switches
    if found is None or request.method in SAFE_METHODS or request.blueprint not in CHANGES_THE_SHOP:
        return
    if found.now().read_only:
        raise Busy("The shop is switched to read-only; nothing was changed", retry_after=5)


@bp.get("")
def show_switches() -> dict[str, Any]:
    """Every switch, as it is set."""
    return {"switches": asdict(switches().show())}


@bp.patch("")
def change_switches() -> dict[str, Any]:
    """In every process within a second."""
    wanted = switches()
    changes = read(SwitchesChange).model_dump(exclude_unset=True)
    if not changes:
        raise Invalid("body", "must name at least one switch to change")
    wanted.change(changes)
    return show_switches()


def switches() -> Switches:
    return present(current().shop.switches, since="s10")
