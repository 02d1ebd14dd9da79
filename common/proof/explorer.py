"""The explorer: plays every interleaving of a scenario's steps against a real MariaDB and a real Redis."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from queue import SimpleQueue
from typing import Self

from pymysql import MySQLError
from redis import RedisError

from common import database, schema
from common.backends import Backends, database_name
from common.backoffice import BackOffice
from common.proof import schedule, usual
from common.proof.driver import Actor, Choose, Driver, DriverError, Event, Job
from common.proof.facts import Facts, load, read_counter, read_tickets
from common.proof.history import Told
from common.proof.jobs import end_of, take_all, work_off
from common.proof.killing import KILLED, Life, Victim
from common.proof.oracle import judge
from common.proof.scenario import MOST_ACTORS, NOW, Action, Cast, Kill, Scenario, Scene, noon
from common.proof.schedule import Run
from common.proof.steps import KILL
from common.proof.threads import ByThread, waits_announced
from common.proof.waits import LockWaits
from common.settings import Settings
from common.shop import Refused, SaleChanged, Shop

BATCH = 100  # sales created by one INSERT
STRIDE = 1 + MOST_ACTORS  # a sale's id, and ids for its buyers
EXPECTED = (Refused, MySQLError, RedisError)

CreateShop = Callable[[Backends], Shop]


class Powerless(AssertionError):
    """The exploration met no race, so it shows nothing."""


@dataclass
class Exploration:
    """What came out of exploring one scenario. `exhaustive` means that every schedule was played (or one of
    each set that differs only in the order of commuting steps)."""

    scenario: Cast
    seed: int
    exhaustive: bool = True
    runs: list[Run] = field(default_factory=list)
    seconds: float = 0.0

    def breaking(self, guarantee: str | None = None) -> list[Run]:
        """The runs that broke this guarantee (or any), the shortest and least entangled first."""
        found = [run for run in self.runs if any(guarantee in {None, verdict.name} for verdict in run.broken)]
        return sorted(found, key=lambda run: (len(run.moves), run.switches, run.schedule))

    @property
    def deadlocked(self) -> list[Run]:
        return [run for run in self.runs if run.deadlocked]

    def check_power(self) -> None:
        """Raise `Powerless` unless every actor took steps, and they met: a race that could happen did."""
        actors = set(self.scenario.actors)
        idle = [run for run in self.runs if set(run.schedule) != actors]
        if not self.runs or idle:
            raise Powerless(f"{self.scenario.name}: some actor took no step that we could see")
        if any(run.preemptible for run in self.runs) and not any(run.interleaved for run in self.runs):
            raise Powerless(f"{self.scenario.name}: no actor ever moved between two moves of another")
        if len({run.schedule[0] for run in self.runs}) < len(actors):
            raise Powerless(f"{self.scenario.name}: not every actor ever came first")


class Explorer:
    """Plays scenarios with one stage. Each actor is a thread with its own `Backends`, as a process would
    have, or shares one with all others (`Scenario.one_process`); threads and connections live as long as the
    explorer, a shop as long as one playing.

    Guarantees the same result for the same schedule. Raises `DriverError` when a playing cannot be completed,
    when an actor crashes, or when a schedule played again does something else. Does not clean up: each
    playing leaves its sale behind, under ids that no other playing uses.
    """

    def __init__(self, stage: str, create_shop: CreateShop, settings: Settings) -> None:
        schema.prepare(settings.mysql_url, stage)
        self._create_shop = create_shop
        self._host = Backends.connect(stage, settings, clock=noon)
        self._together = self._host.observe(ByThread())
        self._shop = usual.trusting(create_shop(self._host))
        self._db = database.connect(settings.mysql_url, database_name(stage))
        self._waits = database.connect(settings.mysql_url)
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._actors: dict[str, Actor] = {}
        self._backends: dict[str, Backends] = {}
        self._driver = Driver(self._actors, self._events, LockWaits(self._waits))
        self._sales: dict[tuple[int, int], Iterator[int]] = {}
        self._unused = 0  # the lowest id that no sale of ours has

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for actor in self._actors.values():
            actor.stop()
        for backends in [self._host, self._together, *self._backends.values()]:
            backends.pool.close()
            backends.stock.connection_pool.disconnect()
        self._db.close()
        self._waits.close()

    def explore(
        self,
        scenario: Scenario,
        *,
        seed: int = 1,
        most: int = schedule.EXHAUSTIVE,
        prune: bool = True,
        played: Callable[[Exploration], None] = lambda _: None,
    ) -> Exploration:
        """Play all schedules if there are about `most` at most; else those with at most `PREEMPTIONS`
        preemptions and a sample drawn with `seed`. `played` is called after each. Nothing is pruned where
        actors share a process: the order of two steps that no server minds may be seen in its memory."""
        began = time.perf_counter()
        play = partial(self.play, scenario)
        serial = [play(schedule.first(actor)) for actor in scenario.actors]
        found = Exploration(scenario, seed, exhaustive=schedule.orders(serial) <= most)
        seen: set[str] = set()
        prune = prune and len(scenario.actors) == 2 and not scenario.one_process
        for run in _schedules(play, found, most, prune):
            if run.schedule not in seen:
                seen.add(run.schedule)
                found.runs.append(run)
                found.seconds = time.perf_counter() - began
                played(found)
        return found

    def replay(self, scenario: Scenario, text: str) -> Run:
        """Play one schedule, "ABABAB"; a shorter one than the run is continued without preemptions.

        Raises `Diverged` when it cannot be followed.
        """
        strangers = set(text) - set(scenario.actors)
        if strangers:
            known = ", ".join(f"{name} ({action.title})" for name, action in scenario.actors.items())
            raise schedule.Diverged(f"there is no actor {min(strangers)} in {text}; there are {known}")
        return schedule.replay(partial(self.play, scenario), text)

    def pinpoint(self, scenario: Scenario, run: Run) -> int:
        """The move (from 0) after which the first guarantee that `run` breaks is broken, and stays so. If
        there was a kill, the kill: what was half done before it would have been done."""
        if KILLED in run.outcomes.values():
            return next(number for number, move in enumerate(run.moves) if move.step == KILL)
        name = run.broken[0].name
        sound = [0]  # how many moves had been made, each time nothing was broken yet
        for made, facts in enumerate(self.watch(scenario, run), start=1):
            if all(verdict.state != "broken" for verdict in judge(facts) if verdict.name == name):
                sound.append(made)
        return min(sound[-1], len(run.moves) - 1)

    def watch(self, scenario: Scenario, run: Run) -> list[Facts]:
        """What the servers held after each move of `run`, played once more. What is not committed is not
        seen. Last comes what others made of it, where somebody was killed."""
        seen: list[Facts] = []
        scenes: list[Scene] = []

        def moved(scene: Scene) -> None:
            seen.append(self._facts(scenario, scene, []))
            scenes.append(scene)

        schedule.replay(partial(self.play, scenario, moved=moved), run.schedule, run.moves)
        if KILLED in run.outcomes.values():
            seen[-1] = self._facts(scenario, scenes[-1], [])
        return seen

    def play(
        self, scenario: Scenario, choose: Choose, moved: Callable[[Scene], None] = lambda _: None
    ) -> Run:
        """Play the scenario once, at a sale of its own, with `choose` saying who moves."""
        scene = self._scene(scenario)
        shop = self._shared_shop() if scenario.one_process else None
        jobs = self._killing(scenario, scene) or {
            name: self._job(name, action, scene, shop)
            for name, action in scenario.actors.items()
            if not isinstance(action, Kill)
        }
        with waits_announced() if shop else nullcontext():
            moves, outcomes = self._driver.play(jobs, choose, scene.tidy, lambda: moved(scene))
        self._run_all(scene)
        scene = replace(scene, done=tuple((action, self._end_of(got)) for action, got in scene.done))
        run = Run(tuple(moves), {name: self._end_of(outcome) for name, outcome in outcomes.items()})
        for name, outcome in outcomes.items():
            if isinstance(outcome, BaseException) and not isinstance(outcome, EXPECTED):
                what = f"{type(outcome).__name__}: {outcome}"
                raise DriverError(
                    f"{scenario.actors[name].title} crashed in {run.schedule}: {what}"
                ) from outcome
        return replace(run, broken=scenario.broken(run, scene, partial(self._facts, scenario, scene)))

    def _scene(self, scenario: Scenario) -> Scene:
        """A sale of its own, on which the scenario can begin."""
        scene = Scene(next(self._sales_for(scenario)))
        for listener in self._shop.listeners:
            listener(SaleChanged(scene.sale_id, 1, "published"))
        office = BackOffice(self._host.sql, self._shop.listeners)
        take_all(self._shop, self._host, scene.sale_id)  # left by somebody else, and none of ours
        done = tuple((action, action(self._shop, office, scene)) for action in scenario.before)
        queued = take_all(self._shop, self._host, scene.sale_id)
        return replace(scene, queued=queued, done=done)

    def _run_all(self, scene: Scene) -> None:
        """Run every job, those of the actors once more: a queue delivers at least once."""
        for job in scene.queued:
            self._shop.tasks[job.task].run(job.payload)
        work_off(self._shop, self._host, scene.sale_id)

    def _end_of(self, outcome: object) -> object:
        return end_of(outcome, self._shop, self._host)

    def _facts(self, scenario: Scenario, scene: Scene, history: Sequence[Told]) -> Facts:
        began = usual.published(scene.sale_id, NOW, scenario.units, scenario.limit)
        counter = read_counter(self._host.stock, self._host.keys.prefix, scene.sale_id)
        tickets = self._shop.tickets and read_tickets(self._host.stock, self._host.keys.prefix, scene.sale_id)
        return load(
            self._db, counter, scene.sale_id, history, at_rest=True, earlier=[began], tickets=tickets or {}
        )

    def _shared_shop(self) -> Shop:
        shop = self._create_shop(self._together)
        shop.catalog.list()  # how many sales there are differs from one playing to the next
        return shop

    def _job(self, name: str, action: Action, scene: Scene, shared: Shop | None) -> Job:
        """What the actor does in its thread: its action, with the shop of all or with one of its own."""
        actor = self._actor(name)
        backends = self._together if shared else self._backends[name]

        def job() -> object:
            if shared:
                actor.begin()
            shop = shared or self._create_shop(backends)
            return action(shop, BackOffice(backends.sql, shop.listeners), scene)

        return job

    def _killing(self, scenario: Scenario, scene: Scene) -> dict[str, Job]:
        """Where one of two actors kills the other: what they do in their threads."""
        match scenario.actions:
            case (action, Kill()) if not isinstance(action, Kill):
                (a, victim), (b, killer) = ((name, self._actor(name)) for name in scenario.actors)
                scene = replace(scene, done=())
                life = Life(self._host.keys.prefix, self._create_shop, self._host.settings, action, scene)
                one = Victim(victim, life)
                return {a: one.live, b: partial(one.die, killer, self._db)}
        return {}

    def _actor(self, name: str) -> Actor:
        if name not in self._actors:
            actor = self._actors[name] = Actor(name, self._events)
            self._backends[name] = self._host.observe(actor)
        return self._actors[name]

    def _sales_for(self, scenario: Scenario) -> Iterator[int]:
        kind = (scenario.units, scenario.limit)
        if kind not in self._sales:
            self._sales[kind] = self._supply(*kind)
        return self._sales[kind]

    def _supply(self, units: int, limit: int) -> Iterator[int]:
        """Ids of published sales that nobody has used. They come from the clock, in microseconds."""
        while True:
            first = max(time.time_ns() // 1000, self._unused)
            self._unused = first + BATCH * STRIDE
            ids = range(first, self._unused, STRIDE)
            usual.add(self._db, [usual.published(sale_id, NOW, units, limit) for sale_id in ids])
            yield from ids


def _schedules(play: schedule.Play, found: Exploration, most: int, prune: bool) -> Iterator[Run]:
    if found.exhaustive:
        runs = schedule.explore(play, None, prune)
        yield from islice(runs, 2 * most)
        if next(runs, None) is None:
            return
        found.exhaustive = False  # retries made more of them than could be foreseen
    yield from schedule.explore(play, schedule.PREEMPTIONS, prune=False)
    yield from schedule.sample(play, found.seed)
