"""How the pages write things: money, times, the state of a sale at a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Flask

from common.shop import Ended, NotOpen, Sale
from common.web.answers import rfc3339
from common.web.i18n import language


def install(app: Flask) -> None:
    """Make each function below a Jinja filter of its own name."""
    for function in (money, iso, utc, utc_field, yuan, phase, title, off, countdown):
        app.jinja_env.filters[function.__name__] = function


def money(cents: int) -> str:
    """¥1,299.00, in both languages: the shop has one currency."""
    return f"¥{cents // 100:,}.{cents % 100:02}"


def yuan(cents: int) -> str:
    """1299.00, as a form field holds it."""
    return f"{cents // 100}.{cents % 100:02}"


def iso(time: datetime) -> str:
    """2026-11-22T10:00:00.000Z, for scripts and the datetime attribute."""
    return rfc3339(time)


def utc(time: datetime) -> str:
    """2026-11-22 10:00 UTC, for people whose browser does not know better."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def utc_field(time: datetime) -> str:
    """2026-11-22T10:00:00.000, as a datetime-local field holds it."""
    return iso(time).removesuffix("Z")


def phase(sale: Sale, now: datetime) -> str:
    """What a buyer meets at `now`: soon, live, sold_out or ended. static/js/page.js has the same rule."""
    try:
        sale.check_open(now)
    except NotOpen:
        return "soon"
    except Ended:
        return "ended"
    return "live" if sale.stock > 0 else "sold_out"


def title(sale: Sale) -> str:
    return sale.title_zh if language() == "zh" else sale.title


def off(sale: Sale) -> int:
    """How many percent below the usual price, rounded down; 0 when it is not below."""
    if sale.list_price_cents <= sale.price_cents:
        return 0
    return 100 * (sale.list_price_cents - sale.price_cents) // sale.list_price_cents


def countdown(until: datetime, now: datetime) -> dict[str, str]:
    """Days, hours, minutes and seconds to go, rounded up so that zero is the moment itself, never before."""
    seconds = max(0, -((now - until) // timedelta(seconds=1)))
    parts = {"days": seconds // 86400, "hours": seconds // 3600 % 24, "minutes": seconds // 60 % 60}
    return {name: f"{part:02}" for name, part in (parts | {"seconds": seconds % 60}).items()}
