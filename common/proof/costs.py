"""What one attempt costs in round trips: counted, so that it is the same on every machine."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from common import schema
from common.backends import Backends
from common.backoffice import BackOffice
from common.ids import new_id
from common.proof.steps import Recorder
from common.settings import Settings
from common.shop import Attempt, Refused, Sale, Shop
from common.stages import Stage

# Who presses, in order, at a sale of two units with a limit of one.
PRESSES = (
    ("accepted", 1),
    ("refused, limit reached", 1),
    ("accepted", 2),
    ("refused, sold out", 3),
    ("refused, known to be sold out", 4),
)


@dataclass(frozen=True)
class Cost:
    """Round trips to each server."""

    mariadb: int
    redis: int

    def __str__(self) -> str:
        return f"{self.mariadb} MariaDB, {self.redis} Redis"


def costs(stage: Stage, settings: Settings) -> dict[str, Cost]:
    """The cost of an accepted attempt and of each kind of refusal, on a warm shop."""
    schema.prepare(settings.mysql_url, stage.code)
    heard = Recorder()
    backends = Backends.connect(stage.code, settings).observe(heard)
    shop: Shop = stage.load().create_shop(backends)
    office = BackOffice(backends.sql, shop.listeners)
    press(shop, new_sale(office), buyer=1)  # opens the connections
    sale = new_sale(office)
    counted = {}
    for kind, buyer in PRESSES:
        heard.steps.clear()
        press(shop, sale, buyer)
        servers = Counter(step.server for step in heard.steps)
        counted[kind] = Cost(servers["MariaDB"], servers["Redis"])
    backends.pool.close()
    backends.stock.close()
    return counted


def new_sale(office: BackOffice) -> Sale:
    now = datetime.now(UTC)
    sale = office.create(
        {
            "title": "Tea",
            "title_zh": "茶",
            "image": "tea",
            "price_cents": 100,
            "list_price_cents": 100,
            "buyer_limit": 1,
            "opens_at": now - timedelta(hours=1),
            "closes_at": now + timedelta(hours=1),
        },
        units=2,
    )
    return office.publish(sale.id)


def press(shop: Shop, sale: Sale, buyer: int) -> None:
    attempt = Attempt(
        id=new_id(),
        sale_id=sale.id,
        buyer_id=buyer,
        quantity=1,
        key=new_id(),
        client="127.0.0.1",
        deadline=datetime.now(UTC) + timedelta(seconds=10),
    )
    with suppress(Refused):
        shop.buy(attempt)
