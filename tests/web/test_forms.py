"""Forms and filters: what a person types, and how money and times are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from common.shop import Sale
from common.web import filters
from common.web.bodies import moment
from common.web.forms import cents, utc_moment, whole

NOW = datetime(2026, 11, 11, 0, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1299", 129900),
        ("1299.5", 129950),
        ("1,299.05", 129905),
        (" ¥9.90 ", 990),
        ("￥９．９０", 990),
        ("0", 0),
        *((text, text) for text in ("", ".5", "1.", "1.999", "-1", "1e3", "NaN", "12 yuan", "9" * 99)),
    ],
)
def test_an_amount_is_read_exactly_or_left_for_the_model_to_refuse(text: str, value: object) -> None:
    assert cents(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("12", 12), (" -3 ", -3), ("１２", 12), *((t, t) for t in ("", "1.0", "0x10", "1_000", "١٢", "9" * 99))],
)
def test_a_whole_number_is_read_exactly_or_left_for_the_model_to_refuse(text: str, value: object) -> None:
    assert whole(text) == value


@pytest.mark.parametrize("text", ["2026-11-11T08:30", "2026-11-11T08:30:00", "2026-11-11T08:30:00.000"])
def test_what_a_time_field_sends_is_utc(text: str) -> None:
    assert moment(utc_moment(text)) == datetime(2026, 11, 11, 8, 30, tzinfo=UTC)


def test_a_time_goes_into_its_field_and_back_unchanged() -> None:
    assert moment(utc_moment(filters.utc_field(NOW))) == NOW


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "¥0.00"), (5, "¥0.05"), (129900, "¥1,299.00"), (10**9, "¥10,000,000.00")]
)
def test_money_is_written_to_the_cent(amount: int, text: str) -> None:
    assert filters.money(amount) == text
    assert cents(filters.yuan(amount)) == amount


def sale(**fields: object) -> Sale:
    terms = {
        "id": 1,
        "title": "Tea",
        "title_zh": "茶",
        "image": "tea",
        "price_cents": 100,
        "list_price_cents": 300,
        "initial": 9,
        "stock": 9,
        "buyer_limit": 1,
        "opens_at": NOW,
        "closes_at": NOW + timedelta(hours=1),
        "state": "published",
        "version": 1,
    }
    return Sale(**{**terms, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seconds", "fields", "phase"),
    [
        (-0.001, {}, "soon"),
        (0, {}, "live"),
        (3599.999, {}, "live"),
        (3600, {}, "ended"),
        (5, {"stock": 0}, "sold_out"),
        (5, {"stock": -3}, "sold_out"),
        (-5, {"stock": 0}, "soon"),
        (5, {"state": "closed"}, "ended"),
    ],
)
def test_the_phase_of_a_sale(seconds: float, fields: dict[str, object], phase: str) -> None:
    assert filters.phase(sale(**fields), NOW + timedelta(seconds=seconds)) == phase


@pytest.mark.parametrize(
    ("price", "usual", "percent"), [(100, 300, 66), (1, 1000, 99), (100, 100, 0), (300, 100, 0), (99, 100, 1)]
)
def test_a_discount_is_never_said_to_be_more_than_it_is(price: int, usual: int, percent: int) -> None:
    assert filters.off(sale(price_cents=price, list_price_cents=usual)) == percent


def test_a_countdown_comes_to_zero_at_the_moment_itself_and_not_before() -> None:
    def seconds(before: float) -> str:
        return filters.countdown(NOW, NOW - timedelta(seconds=before))["seconds"]

    assert [seconds(1.5), seconds(1), seconds(0.001), seconds(0), seconds(-9)] == [
        "02",
        "01",
        "01",
        "00",
        "00",
    ]
    assert filters.countdown(NOW + timedelta(days=123, hours=4, minutes=5), NOW) == {
        "days": "123",
        "hours": "04",
        "minutes": "05",
        "seconds": "00",
    }
