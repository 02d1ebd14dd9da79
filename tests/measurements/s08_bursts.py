"""What each of the five limiters of s08 lets through: a table, a file and a picture.

    .venv/bin/python -m tests.measurements.s08_bursts docs/results/s08_bursts.json

Somebody presses once a second, from ten seconds before the end of a minute on, for three minutes. The scripts
are those of the stage, in a real Redis, by a clock that is moved by hand: every run is the same.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from redis import Redis
from rich.console import Console
from rich.table import Table

from common.backends import Keys, connect_redis
from common.circumstances import circumstances
from common.lab import Lab, resolve
from common.settings import Settings
from common.shop import Limit
from stages.s08_rate_limits.limiter import (
    FixedWindow,
    Gcra,
    Limiter,
    SlidingCounter,
    SlidingLog,
    TokenBucket,
)
from stages.s08_rate_limits.rules import Rules
from tests.rates import NOON, SECOND, RedisClock, by_hand, most_in_any

FIVE: tuple[type[Limiter], ...] = (FixedWindow, SlidingLog, SlidingCounter, TokenBucket, Gcra)
LIMIT = Limit(10, seconds=60)
BEGIN, SECONDS = 50, 180  # of the first press, after a whole minute; and for how long
BURST = 20  # seconds
PER_SECOND, PER_PRESS = 3, 3  # pixels
TEMPLATE = Path(__file__).with_suffix(".svg.j2")


def main(file: Path) -> None:
    with Lab(("redis",), say=print) as lab:
        redis = connect_redis(Settings(redis_url=lab.redis.url))
        found = [{"name": kind.algorithm, **look(redis, kind)} for kind in FIVE]
        redis.close()
    about = circumstances("python -m tests.measurements.s08_bursts")
    about["servers"] = [str(resolve("redis"))]
    plan = {"count": LIMIT.count, "seconds": LIMIT.seconds, "begin": BEGIN, "pressed_for": SECONDS}
    file.write_text(json.dumps({**about, **plan, "limiters": found}, indent=1) + "\n")
    file.with_suffix(".svg").write_text(draw(file))
    show(found)


def look(redis: Redis, kind: type[Limiter]) -> dict[str, Any]:
    """When it let a press through (seconds after a whole minute), and what it remembered at most."""
    keys, clock = Keys("pic"), RedisClock(redis, NOON + BEGIN * SECOND)  # (its length is part of the bytes)
    rules = Rules(redis, keys)
    rules.change({"buyer": LIMIT, "address": None, "sale": None, "shop": None})
    limiter, times, size = by_hand(kind)(redis, keys, rules), [], 0
    redis.delete(limiter.key("buyer", "1"))
    for _ in range(SECONDS):
        if limiter.ask({"buyer": "1"}) is None:
            times.append(round((clock.now - NOON) / SECOND))
        size = max(size, redis.memory_usage(limiter.key("buyer", "1"), samples=0) or 0)
        clock.forward(SECOND)
    return {
        "most_in_a_window": most_in_any(LIMIT.seconds, times),
        f"most_in_{BURST}_s": most_in_any(BURST, times),
        "bytes": size,
        "let_through": times,
    }


def show(found: list[dict[str, Any]]) -> None:
    table = Table("limiter", f"most in {BURST} s", f"most in {LIMIT.seconds} s", "bytes for a key")
    for each in found:
        table.add_row(
            each["name"], *(str(each[name]) for name in (f"most_in_{BURST}_s", "most_in_a_window", "bytes"))
        )
    print(f"One press a second, and a limit of {LIMIT.count} in {LIMIT.seconds} s")
    Console().print(table)


def draw(file: Path) -> str:
    """For each limiter, at each second: how many presses were let through in the window that ends there."""
    found = json.loads(file.read_text())
    for each in found["limiters"]:
        times = each["let_through"]
        last = [sum(now - LIMIT.seconds < at <= now for at in times) for now in range(BEGIN, BEGIN + SECONDS)]
        each["label"] = each["name"].replace("_", " ").replace("gcra", "GCRA")
        each["within"] = steps([min(used, LIMIT.count) for used in last], 0)
        each["over"] = steps(last, LIMIT.count)
        each["presses"] = " ".join(f"M{(at - BEGIN + 0.5) * PER_SECOND:g} 3v8" for at in times)
    jinja = Environment(undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return jinja.from_string(TEMPLATE.read_text()).render(per_second=PER_SECOND, per_press=PER_PRESS, **found)


def steps(heights: list[int], above: int) -> str:
    """The area under `heights`, one for each second, and over the line `above`; as an SVG path."""
    path, level = f"M0 {-above * PER_PRESS}", above
    for second, height in enumerate(heights):
        if max(height, above) != level:
            level = max(height, above)
            path += f"H{second * PER_SECOND:g}V{-level * PER_PRESS}"
    return f"{path}H{len(heights) * PER_SECOND:g}V{-above * PER_PRESS}Z"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
