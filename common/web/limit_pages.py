"""The back office's pages about how often people may press (from s08). For admins only."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from common.shop import Limit
from common.web.auth import current_admin
from common.web.bodies import NewLimit
from common.web.forms import Form, form_again, read_form
from common.web.limits import limits

bp = Blueprint("limit_pages", __name__, url_prefix="/admin/limits")


@bp.before_request
def admins_only() -> None:
    current_admin()


@bp.get("")
def limit_list() -> str:
    return render_template("admin/limits.html", limits=limits().show())


@bp.get("/<name>")
def limit(name: str) -> str:
    found = limit_called(name)
    return show_limit(name, Form(vars(found) if found else {}))


@bp.post("/<name>")
def change(name: str) -> ResponseReturnValue:
    limit_called(name)
    try:
        given = read_form(NewLimit)
    except ValidationError as wrong:
        return show_limit(name, form_again(wrong)), 422
    return done(name, Limit(given.count, given.seconds))


@bp.post("/<name>/off")
def switch_off(name: str) -> ResponseReturnValue:
    limit_called(name)
    return done(name, None)


@bp.get("/<name>/off")
def back_to_limit(name: str) -> ResponseReturnValue:
    """Where a choice of language leads after an action."""
    return redirect(url_for(".limit", name=name))


def limit_called(name: str) -> Limit | None:
    found = limits().show()
    if name not in found:
        abort(404)
    return found[name]


def show_limit(name: str, form: Form) -> str:
    return render_template("admin/limit.html", name=name, form=form)


def done(name: str, limit: Limit | None) -> ResponseReturnValue:
    limits().change({name: limit})
    flash("done.limit")
    return redirect(url_for(".limit_list"), 303)
