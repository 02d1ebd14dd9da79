"""Back to the first day: a stage without orders, with the demo catalogue as of now."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from common import database, schema, seed
from common.backends import Keys, connect_redis, database_name
from common.settings import Settings
from common.shops import KnownShop
from common.worker import queue_name

STAY = {"schema_changes", "buyers"}
SESSIONS = "session:"


def reset(shop: KnownShop, buyers: int) -> int:
    """Empty the stage's tables and its part of Redis, and fill in the catalogue; how many orders are gone.

    Buyers stay, and stay signed in; there are at least `buyers` of them afterwards. Sales get new numbers, so
    that nothing that a cache or a page still knows can be taken for one of them. Touches nothing of any other
    stage. Does not stop anybody: who buys meanwhile may leave something behind, and a stage's caches show
    what they know as long as they always do.
    """
    schema.prepare(shop.mysql_url, shop.stage)
    with closing(database.connect(shop.mysql_url, database_name(shop.stage), read_timeout=60)) as db:
        tables = {str(next(iter(row.values()))) for row in db.all("SHOW TABLES")}
        counted = db.one("SELECT COUNT(*) AS orders FROM orders") or {"orders": 0}
        with db.transaction():  # nobody sees a shop without a catalogue
            for table in sorted(tables - STAY):
                db.run(f"DELETE FROM {table}")  # noqa: S608 - our own tables
            seed.add_catalogue(db, datetime.now(UTC).replace(microsecond=0))
    with closing(connect_redis(Settings(redis_url=shop.redis_url))) as redis:
        forget(redis, shop.stage)
    seed.seed(shop.mysql_url, shop.stage, buyers)
    return int(counted["orders"])


def forget(redis: Redis, stage: str) -> None:
    """Delete the stage's keys, but for page sessions, and every job that waits in its queue."""
    Queue(queue_name(stage), connection=redis, serializer=JSONSerializer).empty()  # type: ignore[no-untyped-call]
    keys, prefix = Keys(stage), f"{stage}:"
    sessions = keys.shared(SESSIONS).encode()
    found = [key for key in redis.scan_iter(f"{prefix}*", count=1000) if not key.startswith(sessions)]
    for start in range(0, len(found), 1000):
        redis.delete(*found[start : start + 1000])
