"""What holds for every request, whatever its handler: size, CSRF, headers that protect the browser."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request, session
from werkzeug.exceptions import RequestEntityTooLarge

from common.web.auth import SAFE_METHODS, check_csrf

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAX_BODY = 64 * 1024  # bytes; the largest honest body is a form of the back office, about 1 KiB

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}


def install(app: Flask) -> None:
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY + 1  # Werkzeug cuts a body without a length there, silently
    app.before_request(refuse_large_bodies)
    app.before_request(refuse_forged_requests)
    app.after_request(keep_out_of_caches)
    app.wsgi_app = Protected(app.wsgi_app)  # type: ignore[method-assign]


def refuse_large_bodies() -> None:
    """413 also where the handler would not read the body."""
    if (request.content_length or 0) > MAX_BODY:
        raise RequestEntityTooLarge


def refuse_forged_requests() -> None:
    """A change that a signed-in cookie asks for must carry the CSRF token. Bearer tokens need none: a
    browser does not send them by itself."""
    if request.method in SAFE_METHODS or "Authorization" in request.headers:
        return
    if "buyer" in session:
        check_csrf()


def keep_out_of_caches(response: Response) -> Response:
    """No cache may hold what the API says unless a handler allows it."""
    if request.path.startswith("/api/"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


class Protected:
    """Adds `HEADERS` to every answer that leaves the app, whoever made it."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._headers = list(HEADERS.items())

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(line: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            return start_response(line, [*headers, *self._headers], *exc_info)

        return self._app(environ, start)
