"""How long a request may take: one deadline, and every call that is made for it ends before that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from flask import Flask

from common.backends import Clock
from common.web.context import EXTENSION

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

WHOLE = 0.8  # seconds for a request: its buyer is promised an answer within one
CALL = 0.3  # seconds of these that one call to a server may take
BACK_OFFICE = ("/admin", "/api/admin")  # who works there rather waits than does a thing by halves
SIGN_IN = ("/login", "/api/session")  # a password is looked at slowly, on purpose, by our own processor
SIGNING_IN = 5.0  # seconds for that; no server may take longer than for anything else

_ends: ContextVar[datetime | None] = ContextVar(
    "ends", default=None
)  # of the request that this thread serves


class TimeBudget:
    """Seconds that a request may spend, whatever on: `whole` in all, and no more than `call` on one call.

    Guarantees that what is done within `request` sees what is left shrink, however deep in the code it is and
    however many calls were made before. Does not interrupt anything: who waits has to ask for how long. Where
    no request is served (a consumer, a back office, the command line) there is no limit: who has no buyer
    waiting can wait. A clock that is set while a request runs lengthens or shortens it.
    """

    def __init__(self, clock: Clock, whole: float = WHOLE, call: float = CALL) -> None:
        self.whole = whole
        self.call = call
        self._clock = clock

    @contextmanager
    def request(self, deadline: datetime | None = None) -> Iterator[None]:
        """A request is served in this block, by this thread: until `deadline`, and for `whole` seconds at
        most. Within another request: only what is left of that."""
        ends = min(end for end in (self._after(self.whole), deadline, _ends.get()) if end)
        before = _ends.set(ends)
        try:
            yield
        finally:
            _ends.reset(before)

    def left(self) -> float | None:
        """Seconds; none or fewer when the buyer has gone. None: no request is served."""
        ends = _ends.get()
        return None if ends is None else (ends - self._clock()).total_seconds()

    def for_a_call(self) -> float | None:
        """Seconds for which the next call may wait, as `left` has them. None: as long as it likes."""
        left = self.left()
        return None if left is None else min(left, self.call)

    def _after(self, seconds: float) -> datetime:
        return self._clock() + timedelta(seconds=seconds)


def in_time(app: Flask) -> Flask:
    """`app`, whose requests each have a time budget, from the moment at which the edge saw them."""
    clock = app.extensions[EXTENSION].backends.clock
    app.wsgi_app = WholeRequest(app.wsgi_app, clock)  # type: ignore[method-assign]
    return app


class WholeRequest:
    """Opens the budget of a request before anything is done for it, and before Flask opens its session.

    What a request has waited before a thread was free for it is part of its time: the edge has written down
    when it came (X-Request-Start). From anybody else that is a claim, and is not looked at.
    """

    def __init__(self, app: WSGIApplication, clock: Clock) -> None:
        self._app = app
        self._clock = clock
        self._budget = TimeBudget(clock)
        self._sign_in = TimeBudget(clock, whole=SIGNING_IN)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(BACK_OFFICE):
            return self._app(environ, start_response)
        budget = self._sign_in if environ["PATH_INFO"].startswith(SIGN_IN) else self._budget
        with budget.request(self._came(environ) + timedelta(seconds=budget.whole)):
            return self._app(environ, start_response)

    def _came(self, environ: WSGIEnvironment) -> datetime:
        now = self._clock()
        if environ.get("REMOTE_ADDR"):  # only a unix socket's peer, the edge, has no address
            return now
        try:
            return min(datetime.fromtimestamp(float(environ["HTTP_X_REQUEST_START"]), UTC), now)
        except (KeyError, ValueError, OverflowError, OSError):
            return now
