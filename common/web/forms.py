"""HTML forms: what a person typed, as values for the API's models; what those find, as words beside a field.

The rules are the models' (bodies.py). Here is only how text becomes a value, and how a finding reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from unicodedata import normalize

from flask import request
from pydantic import BaseModel, ValidationError

from common.shop import Invalid, Sale
from common.web.bodies import DoorChange
from common.web.filters import money, utc_field, yuan
from common.web.i18n import has, t

Model = TypeVar("Model", bound=BaseModel)
Errors = Mapping[str, str]

WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
AMOUNT = re.compile(r"([0-9]{1,16})(?:\.([0-9]{1,2}))?")


@dataclass(frozen=True)
class Form:
    """A form as it is shown: what is in each field, and what is wrong with it, in the visitor's language."""

    values: Mapping[str, object] = field(default_factory=dict)
    errors: Errors = field(default_factory=dict)


def whole(text: str) -> int | str:
    """ "12", or "１２" as an input method writes it, as 12; other text as it is, for the model to refuse."""
    text = normalize("NFKC", text).strip()
    return int(text) if WHOLE.fullmatch(text) else text


def cents(text: str) -> int | str:
    """ "1,299.5" or "¥1299.50" as 129950; other text as it is."""
    amount = AMOUNT.fullmatch(normalize("NFKC", text).strip().removeprefix("¥").replace(",", ""))
    return int(amount[1]) * 100 + int((amount[2] or "").ljust(2, "0")) if amount else text


def utc_moment(text: str) -> str:
    """What a datetime-local field sends, "2026-11-22T10:00", with its zone: the field asks for UTC."""
    return f"{text}:00Z" if len(text) == len("2026-11-22T10:00") else f"{text}Z"


READERS: dict[str, Callable[[str], object]] = {
    "price_cents": cents,
    "list_price_cents": cents,
    "buyer_limit": whole,
    "units": whole,
    "quantity": whole,
    "count": whole,
    "seconds": whole,
    "shed": whole,
    "opens_at": utc_moment,
    "closes_at": utc_moment,
    **dict.fromkeys(DoorChange.model_fields, whole),
}


def typed(model: type[BaseModel]) -> dict[str, object]:
    """What the form sent holds for the fields of `model`."""
    return {name: READERS.get(name, str)(request.form.get(name, "")) for name in model.model_fields}


def read_form(model: type[Model]) -> Model:
    """The form sent, as a `model`; pydantic's `ValidationError` when it does not fit."""
    return model.model_validate(typed(model))


def form_again(wrong: ValidationError | Invalid) -> Form:
    """The form just sent, its input kept, with what is wrong."""
    return Form(request.form, dict(explain(wrong)))


def form_of(sale: Sale) -> Form:
    """A sale as the fields of its form."""
    return Form(
        {
            **vars(sale),
            "price_cents": yuan(sale.price_cents),
            "list_price_cents": yuan(sale.list_price_cents),
            "opens_at": utc_field(sale.opens_at),
            "closes_at": utc_field(sale.closes_at),
        }
    )


def explain(wrong: ValidationError | Invalid) -> list[tuple[str, str]]:
    """Each wrong field with a sentence in the visitor's language; in English if we have no words for it."""
    if isinstance(wrong, Invalid):
        return [(error["field"], refused(**error)) for error in wrong.members["errors"]]
    return [(str(error["loc"][0]), finding(dict(error))) for error in wrong.errors()]


def refused(field: str, message: str) -> str:
    """What the back office refused: it has one reason for each field."""
    return t(f"refused.{field}") if has(f"refused.{field}") else message


def finding(error: Mapping[str, Any]) -> str:
    """One finding of pydantic."""
    if not has(f"wrong.{error['type']}"):
        return str(error["msg"])
    bounds = error.get("ctx", {})
    if str(error["loc"][0]).endswith("_cents"):
        bounds = {name: money(value) for name, value in bounds.items()}
    return t(f"wrong.{error['type']}", **bounds)
