"""How many permits are out: no more than fit the stock, and none for ever."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from redis import Redis

from common.backends import Keys
from stages.s05_redis_stock.counter import milliseconds, send
from stages.s09_permits.challenge import LIFE
from stages.s09_permits.keeper import Settings

HERE = Path(__file__).parent
PLACES, SERIALS = "places", "serials"


class Places:
    """Gives out permits; what the script does and returns is written at the head of issue.lua.

    Guarantees, for any visits at once: none before the sale opens, by the clock of the shop; one for each
    buyer at a time; no more at a time than `per_unit` for each unit that is left. A permit that is not used
    leaves its place when it expires, so as long as units are left somebody can get one. Raises `RedisError`.
    """

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._issue = redis.register_script((HERE / "issue.lua").read_text())

    def issue(
        self, sale_id: int, buyer_id: int, now: datetime, settings: Settings, solved: str = ""
    ) -> list[str]:
        """The answer of issue.lua. `solved` names the challenge that was solved, if one had to be."""
        names = ("stock", "bought", PLACES, SERIALS, f"spent:{solved}")
        keys = [self._keys(sale_id, name) for name in names]
        life, keep = 1000 * settings["seconds"], LIFE if solved else 0
        args = [milliseconds(now), buyer_id, life, settings["per_unit"], keep]
        return [word.decode() for word in send(self._issue, keys, args)]
