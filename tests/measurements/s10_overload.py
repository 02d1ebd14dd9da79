"""A shop that is asked for more than it can do: s09 and s10 under growing load; a file and a picture.

    .venv/bin/python -m tests.measurements.s10_overload docs/results/s10_overload.json

Real processes behind nginx, and a Redis that needs ten milliseconds for each command, so that Redis, and
not this machine, is what there is too little of. At each load buyers press for ten seconds, each at their
own time; each waits for a second. Goodput: presses a second that were answered with a ticket until then.
What counts are the ratios of the two shops, and of each to its own best. Takes about six minutes.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from common.circumstances import circumstances
from common.demo.contest import open_sale
from common.lab import Lab
from common.lab.sockets import free_port
from common.proof.crowd import Mood, Target, plan, plateau, run
from common.proof.history import Told, quantile
from common.proof.proxy import Proxy
from common.running import Running, run_stage
from common.seed import demo_tokens
from common.stages import find

STAGES = ("s09", "s10")
LOADS = (3, 6, 9, 12, 16, 22, 30, 42, 55, 70)  # presses a second: to over five times what can be served
SECONDS = 10  # of each load
WAITS = 1.0  # seconds that a buyer waits for an answer
PATIENCE = 5.0  # seconds after which the crowd's own program gives up
COMMAND = 0.010  # seconds that Redis needs for one
CALM = 6.0  # seconds between two loads: what was left of one is over
MOOD = Mood(wants_two=0, impatient=0)
TEMPLATE = Path(__file__).with_suffix(".svg.j2")
WIDE, HIGH = 560, 240  # pixels


def main(file: Path) -> None:
    found = {code: measure(code) for code in STAGES}
    file.write_text(
        json.dumps(
            {
                **circumstances("python -m tests.measurements.s10_overload"),
                "seconds_of_each_load": SECONDS,
                "seconds_a_buyer_waits": WAITS,
                "seconds_of_redis_for_a_command": COMMAND,
                "stages": found,
            },
            indent=1,
        )
        + "\n"
    )
    file.with_suffix(".svg").write_text(draw(file))
    print(file.read_text())


def measure(code: str) -> dict[str, Any]:
    with Lab(say=print) as lab, Proxy(lab.redis.tcp) as redis:
        url = "redis://{}:{}/0".format(*redis.address)
        buyers = max(LOADS) * SECONDS
        running = run_stage(lab, find(code), port=free_port(), buyers=buyers, more_env={"REDIS_URL": url})
        running.admin("PATCH", "/api/admin/limits", {"buyer": None})
        tokens = dict(enumerate(demo_tokens(running.settings, buyers), start=1))
        redis.slow_down(COMMAND)
        loads = [under(running, tokens, load) for load in LOADS]
    best = max(each["goodput"] for each in loads)
    return {"best": best, "at_the_highest_load": round(loads[-1]["goodput"] / best, 3), "loads": loads}


def under(running: Running, tokens: dict[int, str], load: int) -> dict[str, Any]:
    """So many presses a second, for a while."""
    sale_id = open_sale(running, units=10 * max(LOADS) * SECONDS)
    presses = plan(range(1, load * SECONDS + 1), plateau(SECONDS), seed=load, mood=MOOD)
    history = run(Target(running.url, sale_id, tokens), presses, patience=PATIENCE)
    figures = {"presses_a_second": load, **told(history)}
    print(running.stage.code, figures)
    time.sleep(CALM)
    return figures


def told(history: Sequence[Told]) -> dict[str, Any]:
    good = [each for each in history if each.status == 202 and (each.latency or WAITS) < WAITS]
    return {
        "goodput": round(len(good) / SECONDS, 2),
        "answers": dict(Counter(str(each.status) for each in history)),
        "milliseconds_p50": milliseconds(quantile(history, 0.5)),
        "milliseconds_p99": milliseconds(quantile(history, 0.99)),
    }


def milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def draw(file: Path) -> str:
    """Goodput over load, a line for each stage."""
    document = json.loads(file.read_text())
    top = max(found["best"] for found in document["stages"].values()) * 1.15
    lines = [
        {
            "code": code,
            "path": "M"
            + "L".join(point(each["presses_a_second"], each["goodput"], top) for each in found["loads"]),
            "end": HIGH - found["loads"][-1]["goodput"] / top * HIGH,
            "said": f"{code}: {found['at_the_highest_load']:.0%} of its best",
        }
        for code, found in document["stages"].items()
    ]
    ticks = [(load, WIDE * load / max(LOADS)) for load in LOADS]
    jinja = Environment(undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return jinja.from_string(TEMPLATE.read_text()).render(
        lines=lines, ticks=ticks, top=top, wide=WIDE, high=HIGH, **document
    )


def point(load: float, goodput: float, top: float) -> str:
    return f"{WIDE * load / max(LOADS):.1f} {HIGH - goodput / top * HIGH:.1f}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
