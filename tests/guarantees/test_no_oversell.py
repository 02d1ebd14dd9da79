"""`no_oversell`: live orders never exceed the stock."""

from __future__ import annotations

from tests.guarantees.schedules import Race


class TestNoOversell(Race):
    guarantee = "no_oversell"
    scenarios = ("one-unit", "two-units")
