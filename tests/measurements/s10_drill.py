"""The drill of s10: a crowd and its bots, and a MariaDB that stalls twice in the middle, without dying.

    .venv/bin/python -m tests.measurements.s10_drill docs/results/s10_drill.json

10,000 buyers and 2,000 bots (those of s09_bots) within two minutes, over real HTTP, at one sale behind
its usual door. MariaDB stands behind a proxy that passes nothing on for 5 s, and later for 15 s: longer
than anybody waits for it. What was told is judged twice: as it stands after the crowd, and once every
buyer who was told nothing clear, or to come again, has sent the same press, with its key, again. What
bots were told nobody wrote down: each order of theirs is taken for the end of a press that they do not
know the end of. Takes about five minutes.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

from common.circumstances import circumstances
from common.demo.contest import open_sale
from common.lab import Lab
from common.lab.sockets import free_port
from common.proof.crowd import Target, run
from common.proof.facts import Facts
from common.proof.history import Told, quantile, quantile_to_end
from common.proof.proxy import Proxy
from common.running import Running, run_stage
from common.seed import demo_tokens
from common.stages import find
from stages.s09_permits.keeper import USUAL
from tests.measurements import s09_bots
from tests.measurements.s06_drill import Answered, Drill, judged, milliseconds, send_again, told, verdicts
from tests.measurements.s09_bots import BOTS, Plan, Sale, get_ready

STALLS = {0.25: 5.0, 0.5: 15.0}  # seconds, when that share of the presses is answered
BOT_ACCOUNTS = 2000
EARLY = 30.0  # seconds within which the bots come; the buyers take their time
LIMIT = 2
ROUNDS = (
    20  # times that an unclear press is sent again: a shop that sheds may say "come again" more than once
)


@dataclass
class Stall:
    """What the crowd saw of one: how long it lasted, and what was answered meanwhile."""

    seconds: float
    began: float = 0.0
    ended: float = 0.0
    seen: dict[str, Any] = field(default_factory=dict)

    def look(self, history: Sequence[Told]) -> None:
        during = [each for each in history if each.answered_at and self.began < each.answered_at < self.ended]
        tickets = [each for each in during if each.status == 202]
        self.seen = {
            "seconds": round(self.ended - self.began, 1),
            "answered": len(during),
            "with_ticket": len(tickets),
            "others": dict(Counter(each.code or "" for each in during if each.status != 202)),
            "milliseconds_p99_to_answer": milliseconds(quantile(during, 0.99)),
        }


def drill(running: Running, mysql: Proxy, size: Drill) -> dict[str, Any]:
    """Run it; the figures."""
    tokens = dict(enumerate(demo_tokens(running.settings, size.buyers + BOT_ACCOUNTS), start=1))
    sale_id = open_sale(running, size.units, limit=LIMIT)
    running.admin("PATCH", "/api/admin/door", dict(USUAL))
    with running.database() as db:
        db.run("UPDATE buyers SET created_at = '2026-01-01' WHERE id <= %s", size.buyers)
    visitors = bots(size)
    with ProcessPoolExecutor(1, get_context("spawn"), get_ready) as side:
        bots_sale = Sale(running.url, sale_id, time.time() + 2, has_door=True)
        playing = side.submit(s09_bots.play, bots_sale, visitors, [tokens[bot.account] for bot in visitors])
        stalls, history = crowd_with_stalls(Target(running.url, sale_id, tokens), mysql, size)
        asked = sum(sum(each["answers"].values()) for each in playing.result())
    first = with_bots(judged(running, sale_id, history), size)
    print("after the crowd:", {**told(history), **verdicts(first)})
    settled, rounds = send_again(Target(running.url, sale_id, tokens), size, history, ROUNDS)
    second = with_bots(judged(running, sale_id, settled), size)
    return {
        "attempts": len(history),
        "buyers": size.buyers,
        "bots": {"accounts": BOT_ACCOUNTS, "requests": asked, "units": units_of_bots(second, size)},
        "units": size.units,
        "seconds": size.seconds,
        "seed": size.seed,
        "stalls": [stall.seen for stall in stalls],
        "after_the_crowd": {**told(history), **verdicts(first)},
        "rounds_of_sending_again": rounds,
        "after_sending_again": {**told(settled), **verdicts(second)},
        "milliseconds": {
            "p50_to_answer": milliseconds(quantile(history, 0.5)),
            "p99_to_answer": milliseconds(quantile(history, 0.99)),
            "p50_to_end": milliseconds(quantile_to_end(history, 0.5)),
            "p99_to_end": milliseconds(quantile_to_end(history, 0.99)),
        },
    }


def crowd_with_stalls(target: Target, mysql: Proxy, size: Drill) -> tuple[list[Stall], list[Told]]:
    """Send the crowd; MariaDB stalls when so many of them are answered."""
    presses, answered = size.attempts, Answered()
    stalls = [Stall(seconds) for seconds in STALLS.values()]

    def break_things() -> None:
        for share, stall in zip(STALLS, stalls, strict=True):
            answered.wait(round(share * len(presses)))
            stall.began = time.time()
            mysql.stall()
            time.sleep(stall.seconds)
            mysql.resume()
            stall.ended = time.time()

    breaking = threading.Thread(target=break_things)
    breaking.start()
    history = run(target, presses, patience=size.patience, on_told=answered.hear)
    breaking.join()
    for stall in stalls:
        stall.look(history)
    return stalls, history


def bots(size: Drill) -> list[Plan]:
    """Of each kind as many as there are of it among the bots of s09, in proportion. They come early."""
    random, kinds = Random(size.seed), [kind for kind, (count, _) in BOTS.items() for _ in range(count)]
    return [
        Plan(number, random.choice(kinds), s09_bots.address(number), random.uniform(0, EARLY))
        for number in range(size.buyers + 1, size.buyers + BOT_ACCOUNTS + 1)
    ]


def units_of_bots(facts: Facts, size: Drill) -> int:
    return sum(order.quantity for order in facts.orders if order.buyer_id > size.buyers)


def with_bots(facts: Facts, size: Drill) -> Facts:
    """The facts, and for each order of a bot a press of which nobody knows what it was told."""
    theirs = [order for order in facts.orders if order.buyer_id > size.buyers]
    unknown = [
        Told(
            attempt=1_000_000 + number,
            buyer_id=order.buyer_id,
            quantity=order.quantity,
            key=f"bot-{number}",
            planned_at=0,
            sent_at=0,
            answered_at=None,
            status=None,
            outcome="unknown",
        )
        for number, order in enumerate(theirs)
    ]
    return replace(facts, history=[*facts.history, *unknown])


def main(file: Path) -> None:
    size = Drill(buyers=10_000, units=12_000, seconds=120, patience=60, seed=10, presses=1)
    with Lab(say=print) as lab, Proxy(lab.mysql.tcp) as mysql:
        through = {"MYSQL_URL": "mysql://root@{}:{}/".format(*mysql.address)}
        running = run_stage(
            lab, find("s10"), port=free_port(), buyers=size.buyers + BOT_ACCOUNTS, jobs=2, more_env=through
        )
        figures = drill(running, mysql, size)
    about = circumstances("python -m tests.measurements.s10_drill")
    file.write_text(json.dumps({**about, **figures}, indent=1) + "\n")
    print(file.read_text())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
