"""Demo data: a catalogue around the present moment (seed.toml), an admin, and as many buyers as wanted."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from common import schema
from common.buyers import Buyer, hash_password
from common.database import Db
from common.settings import Settings
from common.tokens import issue_token

CATALOGUE = Path(__file__).with_suffix(".toml")
MOST_BUYERS = 9_999_999
ADMIN = Buyer(MOST_BUYERS + 1, "admin", "admin")
ROWS_AT_ONCE = 5000


def seed(url: str, stage: str, buyers: int = 1000, now: datetime | None = None) -> None:
    """Fill the prepared database of `stage` ("s01"). 10,000 buyers take about a second.

    Adds only what is missing: buyers by name, the catalogue when there is no sale at all. A second call adds
    nothing, but for more buyers when asked for more. The windows of the sales are relative to `now`.
    """
    if not 0 <= buyers <= MOST_BUYERS:
        raise ValueError(f"buyers must be 0 to {MOST_BUYERS}")
    now = now or datetime.now(UTC).replace(microsecond=0)
    with closing(schema.connect_alone(url, stage, "seckill seed")) as db:  # two would both find no sale
        add_buyers(db, buyers, now)
        if not db.one("SELECT id FROM sales LIMIT 1"):
            add_catalogue(db, now)


def demo_buyer(number: int) -> Buyer:
    """The demo buyer with this number, from 1 on; the number is also the id. Password: demo."""
    return Buyer(number, f"buyer{number:05}", "buyer")


def demo_tokens(settings: Settings, count: int) -> list[str]:
    """Ready bearer tokens of the first `count` demo buyers, good for 12 hours. Asks no server."""
    return [issue_token(settings, demo_buyer(number)) for number in range(1, count + 1)]


def add_buyers(db: Db, count: int, now: datetime) -> None:
    """One argon2 hash for all demo buyers: 10,000 of them, slow on purpose, would take minutes."""
    demo, admin = hash_password("demo"), hash_password("admin")
    rows: list[tuple[object, ...]] = [(ADMIN.id, ADMIN.name, admin, ADMIN.role, now)]
    for number in range(1, count + 1):
        buyer = demo_buyer(number)
        rows.append((buyer.id, buyer.name, demo, buyer.role, now))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        db.run_many(
            "INSERT INTO buyers (id, name, password_hash, role, created_at) VALUES (%s, %s, %s, %s, %s)"
            " ON DUPLICATE KEY UPDATE id = id",
            rows[start : start + ROWS_AT_ONCE],
        )


def add_catalogue(db: Db, now: datetime) -> None:
    db.run_many(
        "INSERT INTO sales (title, title_zh, image, price_cents, list_price_cents, initial, stock,"
        " buyer_limit, opens_at, closes_at, state) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        list(catalogue(now)),
    )


def catalogue(now: datetime) -> Iterator[tuple[object, ...]]:
    """A row for each sale in seed.toml, its window around `now`."""
    for sale in tomllib.loads(CATALOGUE.read_text("utf-8"))["sale"]:
        yield (
            *(sale[name] for name in ("title", "title_zh", "image", "price_cents", "list_price_cents")),
            sale["units"],
            sale["units"],
            sale["buyer_limit"],
            now + timedelta(minutes=sale["opens"]),
            now + timedelta(minutes=sale["closes"]),
            sale.get("state", "published"),
        )
