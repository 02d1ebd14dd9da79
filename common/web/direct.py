"""An ordinary press of the API, answered before Flask: the same answer, for a third of the processor time.

Sessions, forms, error pages and everything out of the ordinary are Flask's; see buy.py for its way to buy.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from common.shop import Attempt, Order
from common.tokens import read_token
from common.web.answers import ENCODER, outcome_answer
from common.web.context import Context
from common.web.inputs import KEY, attempt_at
from common.web.logs import NOTE, Note
from common.web.problems import PROBLEM, problem_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = re.compile(r"/api/sales/([1-9][0-9]{0,17})/orders")
BODY = re.compile(rb'\{"quantity": ?(100|[1-9][0-9]?)\}')
LONGEST = 32  # bytes of a body as above
LENGTH = re.compile(r"[1-9][0-9]?")
ROUTE, ENDPOINT = "/api/sales/<sale:sale_id>/orders", "buy.buy"
LINES = {status.value: f"{status.value} {status.phrase.upper()}" for status in HTTPStatus}


class DirectBuy:
    """Answers the presses about which there is no doubt, and hands everything else to Flask, untouched.

    Guarantees that the shop gets the same attempt and the buyer the same answer as by way of Flask. Takes no
    decision: a press whose path, token, key or body is not exactly as expected is not refused here.
    """

    def __init__(self, flask: WSGIApplication, context: Context) -> None:
        self._flask = flask
        self._context = context
        self._settings = context.backends.settings
        self._clock = context.backends.clock

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        attempt = self._ordinary(environ)
        if attempt is None:
            return self._flask(environ, start_response)
        self._context.services.start()
        note: Note = environ[NOTE]
        note.route, note.endpoint, note.buyer_id = ROUTE, ENDPOINT, attempt.buyer_id
        try:
            outcome = self._context.shop.buy(attempt)
            note.outcome = "order" if isinstance(outcome, Order) else "ticket"
            document, status, headers = outcome_answer(outcome)
            kind = "application/json"
        except Exception as error:
            problem = problem_of(error, note.request_id, only_looks=False)
            note.outcome, status, headers = problem.code, problem.status, problem.headers
            document, kind = problem.document(note.request_id), PROBLEM
        body = ENCODER.encode(document).encode()
        told = [("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
        start_response(LINES[status], [*told, *headers.items()])
        return [body]

    def _ordinary(self, environ: WSGIEnvironment) -> Attempt | None:
        """The attempt, if this is an ordinary press by somebody we know."""
        if environ["REQUEST_METHOD"] != "POST" or environ.get("CONTENT_TYPE") != "application/json":
            return None
        path, length = PATH.fullmatch(environ["PATH_INFO"]), environ.get("CONTENT_LENGTH", "")
        scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        key = environ.get("HTTP_IDEMPOTENCY_KEY")
        if not path or scheme != "Bearer" or not (key is None or KEY.fullmatch(key)):
            return None
        buyer = read_token(self._settings, token)
        if buyer is None or not LENGTH.fullmatch(length) or int(length) > LONGEST:
            return None
        sent = environ["wsgi.input"].read(int(length))
        environ["wsgi.input"] = io.BytesIO(sent)  # for Flask to read again
        body = BODY.fullmatch(sent)
        if body is None:
            return None
        client, now = environ.get("REMOTE_ADDR", ""), self._clock()
        return attempt_at(int(path[1]), buyer, int(body[1]), key, client=client, now=now)
