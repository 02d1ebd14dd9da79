"""What the door asks of visitors, and who is banned: changed while the shop sells (from s09)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint

from common.shop import Ban, Doorkeeper, Invalid
from common.web.auth import current_admin
from common.web.bodies import DoorChange, NewBan
from common.web.context import current
from common.web.inputs import read
from common.web.missing import present

bp = Blueprint("door_admin", __name__, url_prefix="/api/admin")


@bp.before_request
def admins_only() -> None:
    current_admin()


@bp.get("/door")
def show_door() -> dict[str, Any]:
    """Every setting as it is in force."""
    return {"settings": doorkeeper().settings()}


@bp.patch("/door")
def change_door() -> dict[str, Any]:
    """From the next visit on, in every process."""
    keeper = doorkeeper()
    changes = {name: number for name, number in read(DoorChange) if number is not None}
    if not changes:
        raise Invalid("body", "must name at least one setting to change")
    keeper.change(changes)
    return show_door()


@bp.get("/bans")
def show_bans() -> dict[str, Any]:
    return {"bans": [asdict(ban) for ban in doorkeeper().bans()]}


@bp.post("/bans")
def ban() -> dict[str, Any]:
    """From the next visit on; 0 seconds lets them in again."""
    keeper = doorkeeper()
    keeper.ban(Ban(**read(NewBan).model_dump()))
    return show_bans()


def doorkeeper() -> Doorkeeper:
    return present(current().shop.doorkeeper, since="s09")
