"""What all pages have in common: what their templates know, their headers, and how they show a problem."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask, Response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from common.buyers import Buyer
from common.stages import guarantees
from common.web import filters, i18n
from common.web.auth import SAFE_METHODS, Unauthorized, csrf_token, maybe_buyer
from common.web.context import current
from common.web.problems import Problem

INSIDE = re.compile(r"/(?![/\\])[!-~]*")  # "//evil.example" and "/\evil.example" lead elsewhere


def install(app: Flask) -> None:
    i18n.install(app)
    filters.install(app)
    app.jinja_env.globals["csrf_token"] = csrf_token
    app.context_processor(on_every_page)
    app.after_request(label)


def on_every_page() -> dict[str, Any]:
    """What every template may use. `now` is the server's time at which the page was made."""
    context = current()
    buyer = visitor()
    return {
        "stage": context.stage,
        "kept": guarantees(context.stage),
        "now": context.backends.clock(),
        "buyer": buyer,
        "menu": menu(buyer),
        "silent": context.shop.silent(),
        "here": here(),
    }


def visitor() -> Buyer | None:
    """Who is looking, or None. Never raises: problems are shown also while Redis is away."""
    try:
        return maybe_buyer() if session else None
    except (Unauthorized, AssertionError):  # the latter is how Flask says that the session was not opened
        return None


def menu(buyer: Buyer | None) -> dict[str, str]:
    """Endpoint and label of each link in the header."""
    links = {"pages.sale_list": "nav.sales"}
    if buyer:
        links["pages.orders"] = "nav.orders"
    if buyer and buyer.role == "admin":
        links["admin_pages.sale_list"] = "nav.admin"
    return links


def here() -> str:
    """The address to come back to after signing in or choosing a language."""
    return request.full_path.removesuffix("?") if request.method == "GET" else request.path


def inside(address: str) -> str:
    """`address` if it leads back into this shop, else the list of sales."""
    return address if INSIDE.fullmatch(address) else url_for("pages.sale_list")


def label(response: Response) -> Response:
    """A page is made for one visitor and one moment: no cache may keep it."""
    if response.mimetype == "text/html":
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["Content-Language"] = i18n.language()
        response.vary.update(("Accept-Language", "Cookie"))
    return response


def error_page(problem: Problem) -> ResponseReturnValue:
    """`problem` for a person; who is not signed in is sent to do so, and back afterwards."""
    if problem.code == "unauthorized":
        return redirect(url_for("account.login", next=here()), 303)
    page = render_template("problem.html", kind=kind_of(problem), status=problem.status)
    return page, problem.status, problem.headers


def kind_of(problem: Problem) -> str:
    """The words that fit. A change whose answer was lost may have happened: never say that it did not."""
    if problem.status >= 500 and request.method not in SAFE_METHODS:
        return "unknown"
    if i18n.has(f"problem.{problem.code}.title"):
        return problem.code
    return "internal" if problem.status >= 500 else "bad_request"
