"""What a body may hold. Strict: "1", 1.0 and true are not the number 1, and an unknown field is an error."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    create_model,
)
from pydantic_core import PydanticCustomError

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)
UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}  # control characters, lone surrogates, line and paragraph separators


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


class NewLimit(Body):
    """One limit in PATCH /api/admin/limits: no more than `count` presses in `seconds`."""

    count: Annotated[int, Field(ge=1, le=10_000)]
    seconds: Annotated[int, Field(ge=1, le=86_400)]


class NewShare(Body):
    """How many of a hundred presses are sent away."""

    shed: Annotated[int, Field(ge=0, le=100)]


class SwitchesChange(Body):
    """PATCH /api/admin/switches: any of the switches. What is not sent stays as it is; null is no value."""

    buying: bool = True
    queueing: bool = True
    read_only: bool = False
    shed: Annotated[int, Field(ge=0, le=100)] = 0


class LimitsChange(Body):
    """PATCH /api/admin/limits: any of the limits. null switches one off; what is not sent stays as it is."""

    buyer: NewLimit | None = None
    address: NewLimit | None = None
    sale: NewLimit | None = None
    shop: NewLimit | None = None
