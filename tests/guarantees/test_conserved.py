"""`conserved`: at rest every unit is either sold or buyable."""

from __future__ import annotations

from tests.guarantees.schedules import Race


class TestConserved(Race):
    guarantee = "conserved"
    scenarios = ("two-units", "restock")  # "one-unit" is the race of "two-units", without a false sold-out
