"""The back office's page of live switches (from s10). For admins only."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from common.web.auth import current_admin
from common.web.bodies import NewShare
from common.web.forms import Form, form_again, read_form
from common.web.switches import switches

bp = Blueprint("switch_pages", __name__, url_prefix="/admin/switches")
ON_OR_OFF = ("buying", "queueing", "read_only")


@bp.before_request
def admins_only() -> None:
    current_admin()


@bp.get("")
def switch_list() -> str:
    return show_switches(Form(asdict(switches().show())))


@bp.post("")
def change() -> ResponseReturnValue:
    """All of them, as the form has them: a box that is not ticked is not sent."""
    try:
        share = read_form(NewShare).shed
    except ValidationError as wrong:
        return show_switches(form_again(wrong)), 422
    switches().change({**{name: name in request.form for name in ON_OR_OFF}, "shed": share})
    flash("done.switches")
    return redirect(url_for(".switch_list"), 303)


def show_switches(form: Form) -> str:
    return render_template("admin/switches.html", form=form, names=ON_OR_OFF)
