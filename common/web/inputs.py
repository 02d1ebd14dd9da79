"""Reading a request: its body, its key, its sender. What is wrong with it is said field by field."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any, NoReturn, TypeVar

from flask import request
from pydantic import BaseModel
from pydantic import ValidationError as Wrong
from werkzeug.exceptions import RequestEntityTooLarge

from common.buyers import Buyer
from common.ids import new_id
from common.shop import Attempt, Invalid
from common.web.bodies import Purchase
from common.web.context import current
from common.web.guards import MAX_BODY
from common.web.problems import UnsupportedMediaType

PATIENCE = timedelta(seconds=10)
"""How long a buyer is taken to wait for an answer."""

KEY = re.compile(r"[!-~]{1,64}")
MOST_ERRORS = 20  # in one problem document: a body of 64 KiB could name thousands

Model = TypeVar("Model", bound=BaseModel)


def read_attempt(sale_id: int, buyer: Buyer) -> Attempt:
    """The attempt that this request is: its body, its Idempotency-Key, its sender."""
    key = valid_key(request.headers.get("Idempotency-Key"))
    return new_attempt(sale_id, buyer, read(Purchase), key)


def new_attempt(sale_id: int, buyer: Buyer, purchase: Purchase, key: str | None) -> Attempt:
    """An attempt of `buyer`, who waits from now on. Without a key each press is one of its own.

    `client` is the peer of the connection: X-Forwarded-For is what anybody may write.
    """
    attempt_id = new_id()
    return Attempt(
        id=attempt_id,
        sale_id=sale_id,
        buyer_id=buyer.id,
        quantity=purchase.quantity,
        key=key or attempt_id,
        client=request.remote_addr or "",
        deadline=current().backends.clock() + PATIENCE,
        permit=purchase.permit,
    )


def valid_key(key: str | None) -> str | None:
    """An idempotency key that a buyer sent, if one was sent. `Invalid` when it is not fit to be one."""
    if key is not None and not KEY.fullmatch(key):
        raise Invalid("Idempotency-Key", "must be 1 to 64 visible ASCII characters")
    return key


def read(model: type[Model]) -> Model:
    """The JSON body as a `model`; `Invalid` names every wrong field, and says what is wrong with it."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send the body as application/json")
    return check(model, parse(body()))


def body() -> bytes:
    """What was sent. A body in chunks has no length that the guards could have looked at."""
    data = request.get_data()
    if len(data) > MAX_BODY:
        raise RequestEntityTooLarge
    return data


def check(model: type[Model], values: object) -> Model:
    """`values` as a `model`, or `Invalid`."""
    try:
        return model.model_validate(values)
    except Wrong as wrong:
        raise invalid(wrong) from None


def parse(data: bytes) -> dict[str, Any]:
    """One JSON object in UTF-8. Refuses what JSON parsers disagree about: NaN, and a name given twice."""
    try:
        value = DECODER.decode(data.decode())
    except UnicodeDecodeError:
        raise Invalid("body", "is not UTF-8") from None
    except RecursionError:
        raise Invalid("body", "is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise Invalid("body", f"is not JSON: {error}") from None
    except ValueError:  # an integer of thousands of digits
        raise Invalid("body", "has a number that is too long") from None
    if not isinstance(value, dict):
        raise Invalid("body", "must be a JSON object")
    return value


def once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise Invalid("body", "names a field twice")
    return members


def no_number(name: str) -> NoReturn:
    raise Invalid("body", f"{name} is not JSON")


DECODER = json.JSONDecoder(object_pairs_hook=once_each, parse_constant=no_number)


def invalid(wrong: Wrong) -> Invalid:
    """pydantic's findings as one refusal."""
    errors = [
        {"field": ".".join(str(part) for part in each["loc"])[:64] or "body", "message": message(each)}
        for each in wrong.errors(include_url=False, include_input=False)[:MOST_ERRORS]
    ]
    refusal = Invalid(errors[0]["field"], errors[0]["message"])
    refusal.members["errors"] = errors
    return refusal


def message(error: Any) -> str:
    if error["type"] != "extra_forbidden":
        return str(error["msg"])
    if "price" in str(error["loc"][-1]):
        return "the price comes from the sale, never from the buyer"
    return "unknown field"
