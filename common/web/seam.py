"""The keyword seam from outside: SECKILL_WITH plugs another class into a stage's `create_shop`."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

VARIABLE = "SECKILL_WITH"


class WrongSeam(ValueError):
    """SECKILL_WITH cannot be followed; the message says which part, and what would be right."""


def plugs(text: str, create_shop: Callable[..., Any]) -> dict[str, Any]:
    """Keywords for `create_shop` from "checkout=stages.s02_guarded_update.variants:RowLockCheckout,…"."""
    known = list(inspect.signature(create_shop).parameters)[1:]
    return dict(_plug(part.strip(), known) for part in text.split(",") if part.strip())


def _plug(part: str, known: list[str]) -> tuple[str, Any]:
    keyword, _, path = part.partition("=")
    module, _, name = path.partition(":")
    if not (keyword and module and name):
        raise WrongSeam(f"{VARIABLE}: {part!r} is not of the form keyword=dotted.path:Name")
    if keyword not in known:
        raise WrongSeam(f"{VARIABLE}: this stage takes {', '.join(known) or 'nothing'}, not {keyword!r}")
    try:
        return keyword, getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise WrongSeam(f"{VARIABLE}: cannot load {path!r}: {error}") from error
