"""`rate_limited`: in any window of its length, a limit lets no more presses through than it says.

By all processes together. Who is kept out is told when to come back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle

import pytest
from redis import Redis

from common.backends import Backends, connect_redis
from common.backoffice import BackOffice
from common.proof.explorer import Exploration, Explorer
from common.proof.limit_scenarios import HOUR, WITH_LIMITS, SetLimits, at_most, let_through
from common.proof.oracle import Verdict
from common.proof.scenario import Press, Scenario, Scene
from common.proof.schedule import Run, in_step
from common.settings import Settings
from common.shop import Attempt, Limit, Outcome, Sale, Shop, Ticket, TooMany
from common.stages import Stage, guarantees
from stages.s08_rate_limits import app as s08
from stages.s08_rate_limits import foils
from stages.s08_rate_limits.limiter import (
    FixedWindow,
    Gcra,
    Limiter,
    SlidingCounter,
    SlidingLog,
    TokenBucket,
)
from tests.guarantees.conftest import Cell
from tests.guarantees.finding import Finding
from tests.rates import SECOND, RedisClock, by_hand, most_in_any
from tests.world import World

Worlds = Callable[..., World]
Explorers = Callable[..., Explorer]

COUNT, SECONDS = 5, 60
WINDOW = SECONDS * SECOND
CROWD = 8

AT_ONCE = Scenario(
    name="more-than-the-limit",
    title="More processes press at a sale than it takes in an hour",
    units=CROWD,
    limit=1,
    before=(SetLimits("back office", {"sale": Limit(COUNT, HOUR)}),),
    actions=tuple(Press(f"buyer {number}", buyer=number) for number in range(1, CROWD + 1)),
    rules=(at_most(COUNT),),
)


@pytest.fixture
def redis(settings: Settings) -> Iterator[Redis]:
    client = connect_redis(settings)
    yield client
    for rules in client.keys("s*:{limits}:rules"):
        client.delete(rules)  # later tests meet the usual limits
    client.close()


def by_clock(processes: Sequence[World], clock: RedisClock) -> Finding:
    """By turns at several processes somebody presses as often as they are let, for more than two windows:
    from the beginning of a minute on, then from near its end. The most that any window saw."""
    worst = 0
    for start in (0, WINDOW * 9 // 10):
        clock.forward(2 * WINDOW - clock.now % WINDOW + start)
        sale = processes[0].new_sale(units=1000, limit=1000)
        if limits := processes[0].shop.limits:
            limits.change({"sale": Limit(COUNT, SECONDS)})
        times, turns = [], cycle(processes)
        for _ in range(22):
            for _ in range(COUNT + 1):
                if not gets_in(next(turns), sale):
                    break
                times.append(clock.now)
            clock.forward(WINDOW // 10)
        worst = max(worst, most_in_any(WINDOW, times))
    said = f"{worst} presses in a window of {SECONDS} s, by a limit of {COUNT}"
    return Finding(worst <= COUNT, worst >= COUNT, said)


def gets_in(shop: World, sale: Sale) -> bool:
    """Whether a press is let through."""
    try:
        shop.shop.buy(shop.attempt(sale, buyer=1))
    except TooMany as refused:
        assert refused.retry_after
        return False
    return True


def at_once(explorer: Explorer) -> Finding:
    """Everybody presses in step, each in a process of their own."""
    run = explorer.play(AT_ONCE, in_step)
    through = len(let_through(run))
    said = f"{CROWD} at once: {through} were let through"
    broken = any(verdict.name == "rate_limited" for verdict in run.broken)
    return Finding(not broken, through >= COUNT, said)


def interleaved(explorer: Explorer) -> Finding:
    """Two presses by a limit of one, in every order of their steps."""
    found = explorer.explore(WITH_LIMITS["one-press-an-hour"])
    found.check_power()
    broken = len(found.breaking("rate_limited"))
    said = f"two by a limit of one: both let through in {broken} of {len(found.runs)} schedules"
    return Finding(not broken, found.exhaustive or broken > 0, said)


def look(processes: Sequence[World], explorer: Explorer, clock: RedisClock) -> Finding:
    found = [by_clock(processes, clock), at_once(explorer)]
    if processes[0].shop.limits:  # where there are none, no order of steps makes a difference
        found.append(interleaved(explorer))
    return Finding(
        all(each.kept for each in found),
        all(each.met for each in found),
        "; ".join(each.evidence for each in found),
    )


def looked(world: Worlds, explorer: Explorers, redis: Redis, code: str, **plugs: object) -> Finding:
    processes = [world(code, **plugs), world(code, **plugs)]
    return look(processes, explorer(code, **plugs), RedisClock(redis))


def test_cell(cell: Cell, world: Worlds, explorer: Explorers, redis: Redis) -> None:
    stage = cell.stage
    plugs = {"limiter": by_hand(SlidingLog)} if has_limits(stage) else {}
    cell.settle(looked(world, explorer, redis, stage.code, **plugs))


def has_limits(stage: Stage) -> bool:
    return "rate_limited" in guarantees(stage)


@pytest.mark.parametrize(
    ("kind", "worst"), [(FixedWindow, 10), (SlidingCounter, 9), (TokenBucket, 9), (Gcra, 9)]
)
def test_the_other_four_let_more_through_in_some_window(
    world: Worlds, explorer: Explorers, redis: Redis, kind: type[Limiter], worst: int
) -> None:
    """And none of them is fooled by many at once: it is the windows that differ."""
    finding = looked(world, explorer, redis, "s08", limiter=by_hand(kind))
    assert finding.met
    assert not finding.kept
    assert f"{worst} presses in a window" in finding.evidence
    assert f"{COUNT} were let through" in finding.evidence


@pytest.mark.parametrize("kind", [foils.LooksThenCounts, foils.CountsForItself])
def test_a_limiter_that_is_no_single_step_is_caught(
    world: Worlds, explorer: Explorers, redis: Redis, kind: type[Limiter]
) -> None:
    """Looked at before anybody counts, or counted by each process for itself: everybody gets in."""
    finding = looked(world, explorer, redis, "s08", limiter=kind)
    assert finding.met
    assert not finding.kept
    assert f"{CROWD} at once: {CROWD} were let through" in finding.evidence


@pytest.mark.parametrize("name", WITH_LIMITS)
@pytest.mark.parametrize("kind", [FixedWindow, SlidingLog, SlidingCounter, TokenBucket, Gcra])
def test_whoever_comes_first(explorer: Explorers, redis: Redis, kind: type[Limiter], name: str) -> None:
    """Every interleaving of two presses: all five count in one step."""
    found = explorer("s08", limiter=kind).explore(WITH_LIMITS[name])
    found.check_power()
    assert found.exhaustive
    assert found.breaking() == []


def test_limits_asked_in_turn_use_each_other_up(explorer: Explorers, redis: Redis) -> None:
    found = explorer("s08", limiter=foils.OneAfterTheOther).explore(WITH_LIMITS["two-limits"])
    found.check_power()
    assert found.breaking("rate_limited")


# Time that moves between any two steps.

TICK = WINDOW * 2 // 3


@dataclass(frozen=True)
class Ticks:
    """The time on the server moves on, twice, by most of a window."""

    clock: RedisClock
    title: str = "the time"

    def __call__(self, shop: Shop, office: BackOffice, scene: Scene) -> object:
        for _ in range(2):
            later = self.clock.now + TICK
            shop.buy.func._limiter.redis.set("hand clock", later)  # type: ignore[attr-defined]
            self.clock.now = later
        return None


class LooksBefore(Press):
    """Presses after it has asked Redis something else, so that the time may have gone on before it looks."""

    def __call__(self, shop: Shop, office: BackOffice, scene: Scene) -> object:
        assert shop.limits
        shop.limits.show()
        return super().__call__(shop, office, scene)


def in_time(run: Run) -> Verdict:
    """No two presses were let through within one window, by a limit of one; by the time on the server."""
    now, through = 0, []
    for move in run.moves:
        if move.step.command.startswith("SET hand clock"):
            now += TICK
        if ":sale:" in move.step.command and move.actor in let_through(run):
            through.append(now)
    worst = most_in_any(WINDOW, through)
    said = f"{worst} let through in one window, by a limit of one"
    return Verdict("rate_limited", "broken" if worst > 1 else "kept", said)


def answers_at_once(attempt: Attempt) -> Outcome:
    """What stands behind the gate here: how buying goes on is not the question."""
    return Ticket("1-none", attempt.sale_id, attempt.buyer_id, "queued")


def while_time_moves(settings: Settings, limiter: Callable[..., Limiter], clock: RedisClock) -> Exploration:
    """Two presses and the time, in every order of their steps."""

    def create_shop(b: Backends) -> Shop:
        shop = s08.create_shop(b, limiter=limiter)
        return replace(shop, buy=partial(shop.buy.func, proceed=answers_at_once))  # type: ignore[attr-defined]

    scenario = Scenario(
        name="while-time-moves",
        title="Two processes press, and two thirds of a window go by, twice",
        units=2,
        limit=1,
        before=(SetLimits("back office", {"sale": Limit(1, SECONDS)}),),
        actions=(Press("buyer 1", buyer=1), LooksBefore("buyer 2", buyer=2), Ticks(clock)),
        rules=(in_time,),
    )
    with Explorer("s08", create_shop, settings) as explorer:
        found = explorer.explore(scenario)
    found.check_power()
    return found


def test_wherever_the_time_goes_by(settings: Settings, redis: Redis) -> None:
    found = while_time_moves(settings, by_hand(SlidingLog), RedisClock(redis))
    assert found.exhaustive
    assert found.breaking() == []
    both = [run for run in found.runs if len(let_through(run)) == 2]
    assert 0 < len(both) < len(found.runs), "the power check: sometimes the window was over, sometimes not"


def test_the_foil_that_trusts_its_own_clock_is_caught_when_a_press_is_slow_on_its_way(
    settings: Settings, redis: Redis
) -> None:
    clock = RedisClock(redis)
    foil = partial(foils.TrustsItsOwnClock, clock=lambda: clock.now / SECOND)
    found = while_time_moves(settings, foil, clock)
    assert found.breaking("rate_limited")


def test_the_foil_that_trusts_its_own_clock_is_caught_when_clocks_differ(world: Worlds, redis: Redis) -> None:
    """One process is 40 seconds ahead; each of them, by itself, counts right."""
    clock = RedisClock(redis)
    ahead = partial(foils.TrustsItsOwnClock, clock=lambda: clock.now / SECOND + 40)
    right = partial(foils.TrustsItsOwnClock, clock=lambda: clock.now / SECOND)
    alone = by_clock([world("s08", limiter=ahead)], clock)
    together = by_clock([world("s08", limiter=right), world("s08", limiter=ahead)], clock)
    assert alone.kept
    assert not together.kept, together.evidence
