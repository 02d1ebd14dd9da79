"""The drill of s06: a crowd through nginx, and in the middle of it a worker and Redis killed with -9.

    .venv/bin/python -m tests.measurements.s06_drill docs/results/s06_drill.json

20,000 attempts of 5,000 buyers within four minutes. What was told is judged twice: as it stands
after the crowd, and once every buyer who was told nothing clear has sent the same press, with its key, again,
as clients should: a press that nobody sends again may hold its units for ever (s06 drops `crash_safe`). Takes
about seven minutes, some of them RQ's, which takes a dead worker's job for lost after a minute and a half.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rq import Queue, Worker
from rq.serializers import JSONSerializer

from common.circumstances import circumstances
from common.demo.contest import open_sale
from common.lab import Lab
from common.lab.sockets import free_port
from common.proof.crowd import Mood, Press, Target, plan, run, spike
from common.proof.facts import Facts, load, read_counter, read_tickets
from common.proof.history import Told, quantile, quantile_to_end
from common.proof.oracle import Verdict, judge
from common.running import Running, run_stage
from common.seed import demo_tokens
from common.stages import find
from common.worker import queue_name

ROUNDS = 5  # times that an unclear press is sent again


@dataclass(frozen=True)
class Drill:
    """How big it is. Everybody presses `PRESSES` times at once, each press for one unit or two."""

    buyers: int
    units: int
    seconds: float
    patience: float
    seed: int
    presses: int = 4

    @property
    def attempts(self) -> list[Press]:
        mood = Mood(wants_two=0.5, impatient=1, presses=self.presses)
        return plan(range(1, self.buyers + 1), spike(self.seconds), self.seed, mood)


@dataclass
class Faults:
    """What was broken, and when: by how many attempts had been answered."""

    happened: dict[str, int] = field(default_factory=dict)
    job_of_dead_worker: str = ""
    redis_away_seconds: float = 0.0


def drill(running: Running, lab: Lab, size: Drill, rescue: Callable[[Queue], None]) -> dict[str, Any]:
    """Run it; the figures. `rescue` is called when a worker has died, and once more after Redis has."""
    sale_id = open_sale(running, size.units)
    target = Target(
        running.url, sale_id, dict(enumerate(demo_tokens(running.settings, size.buyers), start=1))
    )
    faults, history = crowd_with_faults(running, lab, target, size, rescue)
    first = judged(running, sale_id, history)
    print("after the crowd:", {**told(history), **verdicts(first)})
    settled, rounds = send_again(target, size, history)
    second = judged(running, sale_id, settled)
    return {
        "attempts": len(history),
        "buyers": size.buyers,
        "units": size.units,
        "seconds": size.seconds,
        "seed": size.seed,
        "faults": asdict(faults),
        "seconds_until_that_job_was_done_by_another": next(
            each.time_to_end for each in history if each.ticket_id == faults.job_of_dead_worker
        ),
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


def crowd_with_faults(
    running: Running, lab: Lab, target: Target, size: Drill, rescue: Callable[[Queue], None]
) -> tuple[Faults, list[Told]]:
    """Send the crowd; at a tenth of the answers a worker dies, at a third of them Redis."""
    answered, faults = Answered(), Faults()

    def break_things() -> None:
        with running.redis() as redis:
            queue = Queue(queue_name(running.stage.code), connection=redis, serializer=JSONSerializer)
            answered.wait(len(presses) // 10)
            faults.job_of_dead_worker = kill_a_worker_at_work(queue)
            faults.happened["worker killed"] = answered.count
            rescue(queue)
            answered.wait(len(presses) // 3)
            began = time.monotonic()
            lab.redis.kill()
            faults.happened["redis killed"] = answered.count
            answered.wait(answered.count + len(presses) // 100)  # so many meet a Redis that is away
            lab.redis.start()
            faults.redis_away_seconds = round(time.monotonic() - began, 2)
            faults.happened["redis back"] = answered.count
            rescue(queue)

    presses = size.attempts
    breaking = threading.Thread(target=break_things)
    breaking.start()
    history = run(target, presses, patience=size.patience, on_told=answered.hear)
    breaking.join()
    return faults, history


class Answered:
    """How many attempts have been answered for good, for another thread to wait for."""

    def __init__(self) -> None:
        self.count = 0
        self._more = threading.Condition()

    def hear(self, _: Told) -> None:
        with self._more:
            self.count += 1
            self._more.notify_all()

    def wait(self, count: int) -> None:
        with self._more:
            assert self._more.wait_for(lambda: self.count >= count, timeout=300), "the crowd is not answered"


def kill_a_worker_at_work(queue: Queue) -> str:
    """SIGKILL to a worker in the middle of a job; the job. It took some tries if it was quicker than we."""
    while True:
        for worker in Worker.all(queue=queue):
            job = worker.get_current_job_id()
            if job is None or worker.pid is None or worker.hostname != platform.node():
                continue
            os.kill(worker.pid, signal.SIGSTOP)  # what it is at now does not end any more
            if queue.started_job_registry.get_job_ids(cleanup=False).count(job):
                os.kill(worker.pid, signal.SIGKILL)
                return str(job)
            os.kill(worker.pid, signal.SIGCONT)


def send_again(
    target: Target, size: Drill, history: Sequence[Told], most: int = ROUNDS
) -> tuple[list[Told], list[int]]:
    """What everybody knows in the end, and how many presses were sent again in each round (`most` rounds)."""
    latest = {told.attempt: told for told in history}
    rounds: list[int] = []
    while unclear := [each for each in latest.values() if each.outcome == "unknown" or each.code == "busy"]:
        assert len(rounds) < most, f"{len(unclear)} presses stay unclear"
        rounds.append(len(unclear))
        print(f"{len(unclear)} presses are sent again")
        presses = [
            Press(each.attempt, number / 100, each.buyer_id, each.quantity, each.key)
            for number, each in enumerate(unclear)
        ]
        latest |= {told.attempt: told for told in run(target, presses, patience=size.patience)}
    return [latest[number] for number in sorted(latest)], rounds


def judged(running: Running, sale_id: int, history: Sequence[Told]) -> Facts:
    """What the oracle judges by, at rest: whoever is still waited for has been given up."""
    with running.database() as db, running.redis() as redis:
        counter = read_counter(redis, running.stage.code, sale_id)
        tickets = read_tickets(redis, running.stage.code, sale_id)
        return load(db, counter, sale_id, history, at_rest=True, tickets=tickets)


def told(history: Sequence[Told]) -> dict[str, Any]:
    return {
        "told": dict(Counter(each.outcome for each in history)),
        "codes": dict(Counter(each.code for each in history if each.code)),
        "with_ticket": sum(each.ticket_id is not None for each in history),
    }


def verdicts(facts: Facts) -> dict[str, Any]:
    found: list[Verdict] = judge(facts)
    return {
        "sold": facts.sold,
        "oversold": facts.oversold,
        "tickets": dict(Counter(seen[-1].state for seen in facts.tickets.values())),
        "verdicts": {each.name: {"state": each.state, "says": each.sentence} for each in found},
    }


def milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def main(file: Path) -> None:
    size = Drill(buyers=5000, units=6000, seconds=240, patience=200, seed=1)
    with Lab(say=print) as lab:
        running = run_stage(lab, find("s06"), port=free_port(), buyers=size.buyers, jobs=2)
        figures = drill(running, lab, size, rescue=lambda _: None)
    file.write_text(
        json.dumps({**circumstances("python -m tests.measurements.s06_drill"), **figures}, indent=1) + "\n"
    )
    print(file.read_text())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
