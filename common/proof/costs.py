"""What one attempt costs in round trips: counted, so that it is the same on every machine."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from common import schema
from common.backends import Backends
from common.backoffice import BackOffice
from common.proof import usual
from common.proof.steps import Recorder
from common.settings import Settings
from common.shop import Refused, Sale, Shop
from common.stages import Stage

# Who presses, in order, at a sale of two units with a limit of one.
# They come through the door, if there is one.
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


def costs(stage: Stage, settings: Settings, **plugs: Any) -> dict[str, Cost]:
    """The cost of an accepted attempt and of each kind of refusal, on a warm shop with `plugs` put in."""
    schema.prepare(settings.mysql_url, stage.code)
    heard = Recorder()
    backends = Backends.connect(stage.code, settings, watcher=heard)
    shop: Shop = usual.trusting(stage.load().create_shop(backends, **plugs))
    office = BackOffice(backends.sql, shop.listeners)
    warm_up, sale = (usual.sale(office, backends.clock(), units=2) for _ in range(2))
    press(shop, warm_up, 1, backends)  # opens the connections
    counted = {}
    for kind, buyer in PRESSES:
        heard.steps.clear()
        press(shop, sale, buyer, backends)
        servers = Counter(step.server for step in heard.steps)
        counted[kind] = Cost(servers["MariaDB"], servers["Redis"])
    backends.pool.close()
    backends.stock.close()
    return counted


def press(shop: Shop, sale: Sale, buyer: int, backends: Backends) -> None:
    with suppress(Refused):
        shop.buy(usual.let_in(shop, usual.attempt(sale.id, buyer, backends.clock())))
