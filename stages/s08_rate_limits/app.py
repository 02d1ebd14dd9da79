"""s08: the shop of s06, and before its buy path a gate that counts presses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from flask import Flask
from redis import Redis

from common import web
from common.backends import Backends, Keys
from common.shop import Gate, Shop
from stages.s04_static_edge.origin import behind_edge
from stages.s06_queue import app as s06
from stages.s08_rate_limits.gate import RateGate
from stages.s08_rate_limits.limiter import Limiter, SlidingLog
from stages.s08_rate_limits.rules import Rules


def create_shop(
    b: Backends,
    *,
    limiter: Callable[[Redis, Keys, Rules], Limiter] = SlidingLog,
    gate: Callable[[Limiter], Gate] = RateGate,
    **of_s06: Any,
) -> Shop:
    shop, rules = s06.create_shop(b, **of_s06), Rules(b.stock, b.keys)
    counting = gate(limiter(b.stock, b.keys, rules))
    return replace(shop, buy=partial(counting, proceed=shop.buy), limits=rules)


def create_app() -> Flask:
    return behind_edge(web.create_app("s08_rate_limits", create_shop))
