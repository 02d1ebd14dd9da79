"""Every "no" of the shop as a problem document (RFC 9457), and every fault as one that tells nothing inside.

`type` is a stable relative reference such as /problems/sold_out; `code` repeats its last part for programs.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import pymysql
import redis
from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from pymysql.constants import ER
from werkzeug.exceptions import HTTPException, InternalServerError

from common.shop import Busy, Refused, TooMany, Unclear
from common.web.answers import Json
from common.web.auth import SAFE_METHODS
from common.web.logs import note

log = logging.getLogger(__name__)

ENCODER = json.JSONEncoder(default=Json.default)
NOT_ANSWERING = (
    pymysql.OperationalError,
    pymysql.InterfaceError,
    pymysql.InternalError,
    redis.ConnectionError,
    redis.TimeoutError,
    redis.exceptions.ReadOnlyError,
    redis.exceptions.OutOfMemoryError,
)
CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}


@dataclass(frozen=True)
class Problem:
    """One problem document. `headers` go with the HTTP answer, `members` into the document."""

    code: str
    status: int
    title: str
    detail: str
    headers: dict[str, str] = field(default_factory=dict)
    members: dict[str, Any] = field(default_factory=dict)

    def document(self, instance: str) -> dict[str, Any]:
        """`instance` is the id of the request that met it."""
        return {
            "type": f"/problems/{self.code}",
            "code": self.code,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            **self.members,
        }

    def response(self) -> Response:
        body = ENCODER.encode(self.document(note().request_id))
        return Response(body, self.status, self.headers, content_type="application/problem+json")


ErrorPage = Callable[[Problem], ResponseReturnValue]
"""Shows a problem to a person."""


class UnsupportedMediaType(Refused):
    """A body that is not what the handler reads."""

    type, status, title = "unsupported_media_type", 415, "Unsupported media type"


class NotInThisStage(Refused):
    """The contract has it, this stage does not yet; `stage` says which one brings it."""

    type, status, title = "not_in_this_stage", 501, "Not in this stage"


def install(app: Flask, error_page: ErrorPage) -> None:
    """Answer errors with problem documents, or with `error_page` where a person looks."""

    def answer(error: Exception) -> ResponseReturnValue:
        if isinstance(error, InternalServerError) and isinstance(error.original_exception, Exception):
            error = error.original_exception  # raised before the handler: while the session was opened
        if isinstance(error, HTTPException) and (error.code or 500) < 400:
            return error.get_response()  # a redirect is no problem
        problem = problem_of(error)
        note().outcome = problem.code
        return problem.response() if is_for_programs() else error_page(problem)

    app.register_error_handler(Exception, answer)


def is_for_programs() -> bool:
    """Whether this address answers programs. All other addresses answer people."""
    return request.path.startswith("/api/") or request.blueprint == "ops"


def problem_of(error: Exception) -> Problem:
    """The problem document of any exception. What nobody foresaw is logged, and told as `internal`."""
    if isinstance(error, Refused):
        return refusal(error)
    if isinstance(error, HTTPException):
        return http_error(error)
    if isinstance(error, NOT_ANSWERING):
        log.warning("A server did not answer: %s", error, extra={"request_id": note().request_id})
        return refusal(outage(error))
    if isinstance(error, pymysql.ProgrammingError) and error.args[0] == ER.NO_SUCH_TABLE:
        return refusal(Unclear("The shop is not set up yet; /readyz says what is missing", retry_after=2))
    log.error("Unexpected", exc_info=error, extra={"request_id": note().request_id})
    return Problem("internal", 500, "Internal error", "An error of ours; it is logged under the instance id")


def refusal(error: Refused) -> Problem:
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    if isinstance(error, TooMany):
        headers |= quota(error)
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return Problem(error.type, error.status, error.title, error.detail, headers, error.members)


def quota(error: TooMany) -> dict[str, str]:
    """Which limit it was, for programs, in the header fields of draft-ietf-httpapi-ratelimit-headers."""
    if "limit" not in error.members:
        return {}
    name, wait = error.members["limit"], math.ceil(error.retry_after or 0)
    return {
        "RateLimit-Policy": f'"{name}";q={error.members["count"]};w={error.members["seconds"]}',
        "RateLimit": f'"{name}";r=0;t={wait}',
    }


def http_error(error: HTTPException) -> Problem:
    """Flask's own errors: no such address, no such method, too large …"""
    status = error.code or 500
    code = CODES.get(status, HTTPStatus(status).phrase.lower().replace(" ", "_"))
    headers = {name: value for name, value in error.get_headers() if name == "Allow"}
    return Problem(code, status, error.name, error.description or error.name, headers)


def outage(error: Exception) -> Refused:
    """What to tell a buyer while a server is away. After a lost reply nobody knows whether it was done."""
    server = "The database" if isinstance(error, pymysql.MySQLError) else "Redis"
    if request.method in SAFE_METHODS:
        return Busy(f"{server} does not answer; please try again", retry_after=2)
    unknown = "the outcome is unknown. Look at your orders before you try again"
    return Unclear(f"{server} did not answer: {unknown}", retry_after=2)
