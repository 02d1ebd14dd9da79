"""Who is asking: a signed bearer token (the API), or a cookie session in Redis (the pages).

A request that carries an Authorization header is judged by that header alone; its cookies are not looked at.
"""

from __future__ import annotations

import hmac
import secrets

from flask import current_app, request, session

from common.buyers import Buyer
from common.settings import Settings
from common.shop import Refused
from common.tokens import read_token
from common.web.context import current
from common.web.logs import note

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


class Unauthorized(Refused):
    """Nobody is signed in, or the token is not one of ours, or no longer."""

    type, status, title = "unauthorized", 401, "Sign in first"


class Forbidden(Refused):
    """Signed in, but not as somebody who may do this."""

    type, status, title = "forbidden", 403, "Not allowed"


class BadCsrf(Refused):
    """A form or script that carries a session cookie must also carry the session's CSRF token."""

    type, status, title = "csrf", 403, "CSRF token missing or wrong"


def maybe_buyer() -> Buyer | None:
    """Who is asking, or None when the request carries no proof at all. A wrong proof is `Unauthorized`."""
    buyer = _buyer_of_request()
    note().buyer_id = buyer.id if buyer else None
    return buyer


def _buyer_of_request() -> Buyer | None:
    header = request.headers.get("Authorization")
    if header is not None:
        return bearer(current().backends.settings, header)
    saved = session.get("buyer")
    return Buyer(*saved) if saved else None


def bearer(settings: Settings, header: str) -> Buyer:
    """Whom an Authorization header proves, or `Unauthorized`."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized("Use the scheme Bearer in the Authorization header")
    buyer = read_token(settings, token.strip())
    if buyer is None:
        raise Unauthorized("The bearer token is not valid, or has expired; sign in again")
    return buyer


def current_buyer() -> Buyer:
    """Who is asking, or `Unauthorized`."""
    buyer = maybe_buyer()
    if buyer is None:
        raise Unauthorized("Send a bearer token, or sign in on the page")
    return buyer


def current_admin() -> Buyer:
    """The admin who is asking; `Unauthorized` for nobody, `Forbidden` for a buyer."""
    buyer = current_buyer()
    if buyer.role != "admin":
        raise Forbidden("Only an admin may do this")
    return buyer


def sign_in(buyer: Buyer) -> None:
    """Start a page session for `buyer`, under a new session id: one planted beforehand is worth nothing."""
    session.clear()
    session["buyer"] = [buyer.id, buyer.name, buyer.role]
    current_app.session_interface.regenerate(session)  # type: ignore[attr-defined]


def sign_out() -> None:
    """End the page session: gone from Redis, and the browser is told to forget its cookie."""
    session.clear()


def csrf_token() -> str:
    """The CSRF token of this page session, made at the first call. Put it into every form as `csrf_token`."""
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(32)
    return str(session["csrf"])


def check_csrf() -> None:
    """Raise `BadCsrf` unless the header X-CSRF-Token or the form field `csrf_token` is this session's.

    Every unsafe request of a signed-in session is checked before its handler runs (see guards). A form for
    people who are not signed in yet, such as the sign-in form, calls this itself.
    """
    given = request.headers.get("X-CSRF-Token")
    if given is None and request.mimetype in FORMS:
        given = request.form.get("csrf_token")
    expected = session.get("csrf")
    if not given or not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise BadCsrf("Send the session's CSRF token as X-CSRF-Token, or as the form field csrf_token")
