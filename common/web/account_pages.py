"""Signing in and out, and choosing a language."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from common.buyers import Buyer
from common.shop import Invalid
from common.web.auth import check_csrf, sign_in, sign_out
from common.web.bodies import Credentials
from common.web.context import current
from common.web.forms import typed
from common.web.i18n import COOKIE, LANGUAGES
from common.web.inputs import check
from common.web.layout import inside

bp = Blueprint("account", __name__)
YEAR = 365 * 24 * 3600  # seconds


@bp.get("/login")
def login() -> str:
    return render_template("login.html", next=inside(request.args.get("next", "")))


@bp.post("/login")
def start_session() -> ResponseReturnValue:
    """Back to where the visitor came from; or the form again, with the name kept."""
    check_csrf()
    buyer = known_buyer()
    if buyer is None:
        name, after = request.form.get("name", ""), inside(request.form.get("next", ""))
        return render_template("login.html", wrong=True, name=name, next=after), 422
    sign_in(buyer)
    return redirect(inside(request.form.get("next", "")), 303)


def known_buyer() -> Buyer | None:
    """Whom the form names and whose password it holds. What could be nobody's is not looked up."""
    try:
        given = check(Credentials, typed(Credentials))
    except Invalid:
        return None
    return current().buyers.sign_in(given.name, given.password)


@bp.post("/logout")
def logout() -> ResponseReturnValue:
    sign_out()
    return redirect(url_for("pages.sale_list"), 303)


@bp.get("/language/<code>")
def choose_language(code: str) -> ResponseReturnValue:
    """Keep the choice in a cookie for a year: it holds nothing private and needs no session."""
    if code not in LANGUAGES:
        abort(404)
    response = redirect(inside(request.args.get("next", "")), 303)
    response.set_cookie(COOKIE, code, max_age=YEAR, httponly=True, samesite="Lax")
    return response
