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


PermitText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,512}$")]


class Purchase(Body):
    """POST /api/sales/{id}/orders. No price: that is in the sale. `permit` is what the door gave (s09)."""

    quantity: Annotated[int, Field(ge=1, le=100)]
    permit: PermitText | None = None


class Knock(Body):
    """POST /api/sales/{id}/entry: nothing at first; then the challenge, and its solution by work or in words.

    `website` is a trap: no person sees the field.
    """

    challenge: PermitText | None = None
    work: Annotated[str, StringConstraints(pattern=r"^[0-9]{0,20}$")] = ""
    answer: Annotated[str, StringConstraints(max_length=40), AfterValidator(one_line)] = ""
    website: Annotated[str, StringConstraints(max_length=200), AfterValidator(one_line)] = ""


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


Points = Annotated[int, Field(ge=0, le=1000)]


class DoorChange(Body):
    """PATCH /api/admin/door: any of the door's settings (s09). 0 switches one off."""

    bits: Annotated[int, Field(ge=0, le=20)] | None = None
    refuse_from: Points | None = None
    seconds: Annotated[int, Field(ge=1, le=3600)] | None = None
    per_unit: Annotated[int, Field(ge=0, le=1000)] | None = None
    ban_seconds: Annotated[int, Field(ge=0, le=86_400)] | None = None
    young_account: Points | None = None
    shared_address: Points | None = None
    many_addresses: Points | None = None
    no_browser: Points | None = None
    no_page: Points | None = None
    in_a_hurry: Points | None = None
    mistaken: Points | None = None
    trapped: Points | None = None


class NewBan(Body):
    """POST /api/admin/bans: keep a buyer (by id) or an address out for `seconds`; 0 lets them in again."""

    kind: Literal["buyer", "address"]
    who: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.:/]{1,64}$")]
    seconds: Annotated[int, Field(ge=0, le=30 * 86_400)]
