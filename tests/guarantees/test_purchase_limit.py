"""`purchase_limit`: no buyer ever owns more units than the sale allows one buyer."""

from __future__ import annotations

from tests.guarantees.schedules import Race


class TestPurchaseLimit(Race):
    guarantee = "purchase_limit"
    scenarios = ("two-presses",)
