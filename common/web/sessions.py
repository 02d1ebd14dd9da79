"""Page sessions in Redis: what Flask-Session does, minus two things it does too much of."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask, Request, Response
from flask_session.base import Serializer  # type: ignore[import-untyped]
from flask_session.redis.redis import RedisSession, RedisSessionInterface  # type: ignore[import-untyped]

from common.backends import Backends
from common.tokens import LIFETIME

WITHOUT_SESSION = ("/static/", "/healthz", "/readyz", "/metrics", "/api/openapi.json")


class JsonOnly(Serializer):  # type: ignore[misc]
    """JSON and nothing else: with Flask-Session's fallback to pickle, who can write to Redis can run code."""

    def encode(self, session: RedisSession) -> bytes:
        return json.dumps(dict(session)).encode()

    def decode(self, serialized_data: bytes) -> dict[str, Any]:
        try:
            return dict(json.loads(serialized_data))
        except (ValueError, TypeError):
            return {}  # not written by us: nobody is signed in


class PageSessions(RedisSessionInterface):  # type: ignore[misc]
    """A session is one Redis key with an expiry; the cookie holds its random name.

    Guarantees that a request with an Authorization header, without a cookie, or for an operations address
    costs no Redis command; that an answer of 500 and above saves nothing.
    """

    def open_session(self, app: Flask, request: Request) -> RedisSession:
        if "Authorization" in request.headers or request.path.startswith(WITHOUT_SESSION):
            return RedisSession(sid=self._generate_sid(self.sid_length), permanent=self.permanent)
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: RedisSession | None, response: Response) -> None:
        # None: Redis did not answer when the session was opened.
        if session is not None and response.status_code < 500:
            super().save_session(app, session, response)


def saved_session(backends: Backends, cookie: str) -> dict[str, Any]:
    """The page session that a cookie names, for who is no Flask app; empty when there is none."""
    saved = backends.cache.get(prefix(backends) + cookie)
    return JsonOnly().decode(saved) if isinstance(saved, bytes) else {}


def cookie_name(backends: Backends) -> str:
    return f"{backends.keys.prefix}_session"  # cookies know no ports: two stages, two names


def prefix(backends: Backends) -> str:
    return backends.keys.shared("session:")


def install(app: Flask, backends: Backends) -> None:
    """Keep the page sessions of this app in the stage's Redis, under its own prefix."""
    app.config.update(
        SESSION_COOKIE_NAME=cookie_name(backends),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=LIFETIME,
    )
    app.session_interface = sessions = PageSessions(app, client=backends.cache, key_prefix=prefix(backends))
    sessions.serializer = JsonOnly()
