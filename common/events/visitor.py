"""Who asks for a stream: the same proofs as everywhere in the shop, read without Flask."""

from __future__ import annotations

from werkzeug.http import parse_cookie

from common.backends import Backends
from common.buyers import Buyer
from common.web.auth import Unauthorized, bearer
from common.web.sessions import cookie_name, saved_session


class Visitors:
    """Knows a buyer by a bearer token, or by the cookie of the page session. A token's word goes first."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    def who(self, headers: dict[str, str]) -> Buyer:
        """`Unauthorized` when it is nobody. Raises `RedisError`; a token costs no round trip."""
        if "authorization" in headers:
            return bearer(self._backends.settings, headers["authorization"])
        cookie = parse_cookie(headers.get("cookie")).get(cookie_name(self._backends))
        saved = saved_session(self._backends, cookie).get("buyer") if cookie else None
        if not saved:
            raise Unauthorized("Send a bearer token, or sign in on the page")
        return Buyer(*saved)
