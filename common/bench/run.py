"""One run of the benchmark: all subjects up, then round after round, each subject in its turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from common.bench.growth import grow
from common.bench.peaks import Bench, Peak
from common.bench.subjects import Shop, Subject, start_hello, start_plain, start_stage
from common.bench.wrk import children_cpu
from common.demo.contest import Crowd, hold
from common.lab import Lab, debian
from common.lab.places import Say
from common.lab.program import Program
from common.lab.resolver import Search
from common.ports import claimed
from common.proof.costs import costs
from common.stages import Stage


@dataclass(frozen=True)
class Plan:
    """How much is measured. `crowd` is who comes at once in the spike."""

    rounds: int
    seconds: int
    buyers: int
    crowd: Crowd


@contextmanager
def shops(stages: Sequence[Stage], buyers: int, seconds: int, say: Say) -> Iterator[tuple[Bench, list[Shop]]]:
    """Servers, wrk, and the stages, all up; `buyers` of each have a token."""
    with ExitStack() as stack:
        lab = stack.enter_context(Lab(say=say))
        wrk = find_wrk(lab, say)
        up = []
        for stage in stages:
            say(f"{stage.name}: starting")
            up.append(start_stage(lab, stage, stack.enter_context(claimed()), buyers))
        yield Bench(lab, wrk, seconds), up


@contextmanager
def references(lab: Lab) -> Iterator[list[Subject]]:
    """The two references, up."""
    with claimed() as one, claimed() as other:
        yield [start_hello(lab, one), start_plain(lab, other)]


def find_wrk(lab: Lab, say: Say) -> Program:
    """wrk from the PATH, else from Debian packages, which are downloaded. `LabError` without one."""
    search = Search("wrk", fetch=lambda packages: debian.unpacked(packages, lab.supervisor, say))
    for program in search.programs():
        return program
    raise search.failure()


def measure(bench: Bench, subject: Subject) -> Iterator[Peak]:
    """Every peak of one subject."""
    if not isinstance(subject, Shop):
        yield bench.reads(subject, "answers")
        return
    yield bench.accepted(subject)
    yield bench.refused(subject)
    yield bench.reads(subject, "page", "/sales/1")
    yield bench.reads(subject, "state", "/api/sales/1")


def redis_bytes_per_buyer(bench: Bench, shop: Shop) -> int:
    """What the stage keeps in Redis for each of a thousand buyers who have bought one unit."""
    [size] = grow(bench, shop, "accepted", [1000])
    return round(size.bytes_each)


def spike(bench: Bench, shop: Shop, crowd: Crowd) -> dict[str, Any]:
    """The same crowd at once, in an open loop, and what the oracle makes of it."""
    crowd_before, shop_before = children_cpu(), bench.spent(shop).cpu
    figures = hold(shop.running, crowd).figures()
    crowd_cpu, shop_cpu = children_cpu() - crowd_before, bench.spent(shop).cpu - shop_before
    return {**figures, "generator": round(crowd_cpu / (crowd_cpu + shop_cpu), 2)}


def round_trips(shop: Shop) -> dict[str, Any]:
    """Of one attempt, counted: the same on every machine. Without what a worker does afterwards."""
    return {kind: asdict(cost) for kind, cost in costs(shop.running.stage, shop.running.settings).items()}
