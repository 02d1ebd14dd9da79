"""How many bytes a visit and an order are. No proof: figures, for docs/{en,zh}/requirements.md.

    .venv/bin/python -m tests.measurements.sizes docs/results/sizes.json

Loads the sale page of s04 as a browser would, compressed; sells 10,000 units of s05 in process; then asks
MariaDB and Redis what they use. Takes a minute or more, on loopback only.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from common.circumstances import circumstances
from common.database import Db
from common.lab import Lab, resolve
from common.lab.sockets import free_port
from common.running import run_stage
from common.settings import Settings
from common.stages import find
from tests.edge import ask, state_url
from tests.world import World

ORDERS = 10_000
MODULE = re.compile(r'"(\./[\w.]+\.js)"')  # what one script imports


def main(file: Path) -> None:
    with Lab(say=print) as lab:
        running = run_stage(lab, find("s04"), buyers=10, port=free_port())
        visit = visit_bytes(running.url, state_url(running))
        stored = stored_bytes(Settings(mysql_url=lab.mysql.url, redis_url=lab.redis.url))
    about = circumstances("python -m tests.measurements.sizes")
    about["servers"] = [str(resolve(name)) for name in ("mysql", "redis", "nginx")]
    file.write_text(json.dumps({**about, "visit": visit, **stored}, indent=1) + "\n")
    print(file.read_text())


def visit_bytes(shop: str, state: str) -> dict[str, int]:
    """The bodies that a first visit loads, by kind."""
    page = ask(f"{shop}/sales/1").body.decode()
    assets = set(re.findall(r'(?:href|src)="(/assets/[^"]+)"', page))
    for script in [name for name in assets if name.endswith(".js")]:
        folder = script.rpartition("/")[0]
        found = MODULE.findall(ask(shop + script).body.decode())
        assets |= {f"{folder}/{each.removeprefix('./')}" for each in found}
    sizes = {name: len(ask(shop + name, headers={"Accept-Encoding": "gzip"}).body) for name in assets}
    shell = len(ask(f"{shop}/sales/1", headers={"Accept-Encoding": "gzip"}).body)
    return {
        "shell": shell,
        "assets": sum(sizes.values()),
        "files": len(sizes) + 1,
        "state": len(ask(state).body),
    }


def stored_bytes(settings: Settings) -> dict[str, Any]:
    """What MariaDB and Redis use for each of `ORDERS` orders, indexes included."""
    shop = World("s05", settings, lambda: datetime.now(UTC))
    sale = shop.new_sale(units=ORDERS)
    for buyer in range(1, ORDERS + 1):
        shop.buy(sale, buyer)
    with shop.backends.sql() as db:
        tables = {name: round(table_bytes(db, name) / ORDERS) for name in ("orders", "purchases")}
    redis = {
        name: round(shop.backends.stock.memory_usage(shop.backends.keys(sale.id, name), samples=0) / ORDERS)
        for name in ("bought", "requests")
    }
    shop.close()
    return {"orders": ORDERS, "mariadb_bytes_per_order": tables, "redis_bytes_per_order": redis}


def table_bytes(db: Db, name: str) -> int:
    db.all(f"ANALYZE TABLE {name}")
    row = db.one(
        "SELECT data_length + index_length AS used FROM information_schema.tables"
        " WHERE table_schema = DATABASE() AND table_name = %s",
        name,
    )
    assert row
    return int(row["used"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
