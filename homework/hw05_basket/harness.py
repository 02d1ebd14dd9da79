"""What the grader calls, in the sandbox, together with your files. Each function gets `Backends` first."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from basket import Basket

from common.backends import Backends, connect_redis
from common.settings import Settings

PATIENCE = 3600.0  # seconds: on a busy machine, a reply that comes late is not lost


def take(b: Backends, sale_id: int, buyer_id: int, key: str, wanted: dict[str, int]) -> str:
    Basket(b.stock, b.keys).take(sale_id, buyer_id, key, wanted)
    return "taken"


def take_through(b: Backends, socket: str, **press: Any) -> str:
    """The same by another way to the same Redis, on which replies may get lost."""
    account = urlsplit(b.settings.redis_url)
    redis = connect_redis(Settings(redis_url=f"unix://{account.username}:{account.password}@{socket}"))
    redis.connection_pool.connection_kwargs["socket_timeout"] = PATIENCE
    Basket(redis, b.keys).take(**press)
    return "taken"


def run_script(b: Backends, names: list[str], args: list[Any]) -> str:
    """basket.lua alone, with these KEYS and ARGV; its answer's first word."""
    answer: Any = b.stock.eval(Path("basket.lua").read_text("utf-8-sig"), len(names), *names, *args)
    return answer[0].decode() if answer else ""
