"""The back office's pages about the door: what it asks, and who is banned (from s09). For admins only."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from common.shop import Ban
from common.web.auth import current_admin
from common.web.bodies import DoorChange, NewBan
from common.web.door_admin import doorkeeper
from common.web.forms import Form, form_again, read_form

bp = Blueprint("door_pages", __name__, url_prefix="/admin/door")


@bp.before_request
def admins_only() -> None:
    current_admin()


@bp.get("")
def door() -> str:
    return show_door()


@bp.post("")
def change() -> ResponseReturnValue:
    keeper = doorkeeper()
    try:
        given = read_form(DoorChange)
    except ValidationError as wrong:
        return show_door(form=form_again(wrong)), 422
    keeper.change({name: number for name, number in given if number is not None})
    flash("done.door")
    return redirect(url_for(".door"), 303)


@bp.post("/bans")
def ban() -> ResponseReturnValue:
    """Keep somebody out, or let them in again: 0 seconds."""
    keeper = doorkeeper()
    try:
        given = read_form(NewBan)
    except ValidationError as wrong:
        return show_door(ban=form_again(wrong)), 422
    keeper.ban(Ban(**given.model_dump()))
    flash("done.ban" if given.seconds else "done.unban")
    return redirect(url_for(".door"), 303)


@bp.get("/bans")
def back_to_door() -> ResponseReturnValue:
    """Where a choice of language leads after an action that was refused."""
    return redirect(url_for(".door"))


def show_door(form: Form | None = None, ban: Form | None = None) -> str:
    keeper = doorkeeper()
    return render_template(
        "admin/door.html",
        names=list(DoorChange.model_fields),
        form=form or Form(keeper.settings()),
        bans=keeper.bans(),
        ban=ban or Form({"kind": "buyer", "seconds": 3600}),
    )
