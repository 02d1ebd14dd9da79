"""`conserved`: at rest every unit is either sold or buyable."""

from __future__ import annotations

from tests.guarantees.schedules import Race


class TestConserved(Race):
    guarantee = "conserved"
    scenarios = ("one-unit", "two-units", "restock")
