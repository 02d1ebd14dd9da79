"""What comes in, checked before anything is done with it. Strict: "1", 1.0 and true are not the number 1."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, NoReturn, TypeVar

from flask import Flask, request
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    create_model,
)
from pydantic import ValidationError as Wrong
from pydantic_core import PydanticCustomError
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.routing import BaseConverter

from common.buyers import Buyer
from common.ids import new_id
from common.shop import Attempt, Invalid
from common.web.context import current
from common.web.guards import MAX_BODY
from common.web.problems import UnsupportedMediaType

PATIENCE = timedelta(seconds=10)
"""How long a buyer is taken to wait for an answer."""

KEY = re.compile(r"[!-~]{1,64}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)
UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}  # control characters, lone surrogates, line and paragraph separators
MOST_ERRORS = 20  # in one problem document: a body of 64 KiB could name thousands

Model = TypeVar("Model", bound=BaseModel)


def one_line(text: str) -> str:
    """Refuse control characters. Any script, and emoji, are welcome."""
    if any(unicodedata.category(char) in UNPRINTABLE for char in text):
        raise PydanticCustomError("text", "must not contain control characters")
    return text


def moment(value: object) -> datetime:
    """An RFC 3339 time with its zone, as UTC in whole milliseconds (what the database keeps)."""
    if not isinstance(value, str) or not TIME.fullmatch(value):
        raise PydanticCustomError("time", "must be a time with its zone, such as 2026-11-11T00:00:00Z")
    try:
        time = datetime.fromisoformat(value.upper())
    except ValueError:
        raise PydanticCustomError("time", "is no time that exists") from None
    if not 2000 <= time.year <= 2100:
        raise PydanticCustomError("time", "must be in the years 2000 to 2100")
    return time.astimezone(UTC).replace(microsecond=time.microsecond // 1000 * 1000)


Image = Literal[
    "backpack", "camera", "console", "headphones", "kettle", "keyboard",
    "lamp", "phone", "sneakers", "tea", "tickets", "watch",
]  # fmt: skip
Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), AfterValidator(one_line)
]
Cents = Annotated[int, Field(ge=1, le=1_000_000_000)]
Limit = Annotated[int, Field(ge=1, le=1000)]
Moment = Annotated[datetime, BeforeValidator(moment)]


class Body(BaseModel):
    """A JSON object of which every field is known and of the right type."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Credentials(Body):
    """POST /api/session"""

    name: Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(one_line)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=256), AfterValidator(one_line)]


class Purchase(Body):
    """POST /api/sales/{id}/orders. No price: that is in the sale."""

    quantity: Annotated[int, Field(ge=1, le=100)]


class Terms(Body):
    """What a sale offers."""

    title: Title
    title_zh: Title
    image: Image
    price_cents: Cents
    list_price_cents: Cents
    buyer_limit: Limit
    opens_at: Moment
    closes_at: Moment


class NewSale(Terms):
    """POST /api/admin/sales"""

    units: Annotated[int, Field(ge=0, le=1_000_000)]


# PATCH /api/admin/sales/{id}: any of the terms. What is not sent stays as it is; null is no value of any.
OPTIONAL: Any = {name: (term.rebuild_annotation(), None) for name, term in Terms.model_fields.items()}
SaleChange = create_model("SaleChange", __base__=Body, **OPTIONAL)


class Restock(Body):
    """POST /api/admin/sales/{id}/restock: units to add, or to take back when negative."""

    units: Annotated[int, Field(ge=-1_000_000, le=1_000_000)]


def read_attempt(sale_id: int, buyer: Buyer) -> Attempt:
    """The attempt that this request is: its body, its Idempotency-Key, its sender."""
    key = valid_key(request.headers.get("Idempotency-Key"))
    return new_attempt(sale_id, buyer, read(Purchase).quantity, key)


def new_attempt(sale_id: int, buyer: Buyer, quantity: int, key: str | None) -> Attempt:
    """An attempt of `buyer`, who waits from now on. Without a key each press is one of its own.

    `client` is the peer of the connection: X-Forwarded-For is what anybody may write.
    """
    attempt_id = new_id()
    return Attempt(
        id=attempt_id,
        sale_id=sale_id,
        buyer_id=buyer.id,
        quantity=quantity,
        key=key or attempt_id,
        client=request.remote_addr or "",
        deadline=current().backends.clock() + PATIENCE,
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
        value = json.loads(data.decode(), object_pairs_hook=once_each, parse_constant=no_number)
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


class SaleId(BaseConverter):
    """A sale id in a path: up to 18 ASCII digits, so it fits a BIGINT, and no leading zero. Else 404."""

    regex = "[1-9][0-9]{0,17}"

    def to_python(self, value: str) -> int:
        return int(value)


class OrderId(BaseConverter):
    """An order id in a path: the UUID as the shop writes it."""

    regex = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def install(app: Flask) -> None:
    app.url_map.converters.update(sale=SaleId, order=OrderId)
    app.url_map.merge_slashes = False  # "//" is a wrong address, not another way to write "/"
