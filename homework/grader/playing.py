"""Schedules played with actors in the sandbox: the proof kit's driver here, the student's code there.

The trusted side says who moves, reads the database and judges. The sandbox only takes steps, and the wire
says which (see wire.py): a sandbox that tells of fewer, or of others, is found out before the next move.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from queue import SimpleQueue
from typing import Any

from pymysql import MySQLError
from redis import RedisError

from common.proof import schedule
from common.proof.driver import Actor, Choose, Driver, Event, Job, Move
from common.proof.explorer import Exploration
from common.proof.oracle import Verdict
from common.proof.scenario import LETTERS
from common.proof.schedule import Run
from common.proof.waits import LockWaits
from common.shop import Refused
from homework.grader import inside
from homework.grader.sandbox import NotStarted, Sandbox
from homework.grader.servers import Servers

MOST = 120  # schedules; when there are more, those with at most 2 preemptions and a sample
SAMPLE = 20  # schedules drawn at random when not all are played
EXPECTED = (Refused, MySQLError, RedisError)


@dataclass(frozen=True)
class Scene:
    """What one playing is about. `ids` names its rows: in diagrams an id goes by its name here."""

    ids: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.ids[name]

    def tidy(self, text: str) -> str:
        for name, value in sorted(self.ids.items(), key=lambda item: -len(str(item[1]))):
            text = text.replace(str(value), name)
        return text


@dataclass(frozen=True)
class Part:
    """What one actor does: it calls `function` of harness.py with `arguments(scene)`, after `b`."""

    title: str
    function: str
    arguments: Callable[[Scene], Mapping[str, Any]]
    read: Callable[[Any], object] = lambda value: value  # the returned value as the judge wants it


@dataclass(frozen=True)
class Meeting:
    """Who meets whom. `prepare` makes new rows for one playing; `judge` looks at them when it is over."""

    name: str
    title: str
    parts: Sequence[Part]
    prepare: Callable[[], Scene]
    judge: Callable[[Scene, Run], Sequence[Verdict]]

    @property
    def actors(self) -> Mapping[str, Part]:
        return dict(zip(LETTERS, self.parts, strict=False))


@dataclass
class Player:
    """Plays meetings. Lives as long as its sandbox."""

    servers: Servers
    box: Sandbox

    def __post_init__(self) -> None:
        self._db = self.servers.db()
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._actors: dict[str, Actor] = {}
        self._channels = dict(zip(LETTERS, self.box.channels, strict=False))
        self._driver = Driver(self._actors, self._events, LockWaits(self._db), inside.PATIENCE)

    def close(self) -> None:
        for actor in self._actors.values():
            actor.stop()
        self._db.close()

    def explore(self, meeting: Meeting, seed: int, most: int = MOST) -> Exploration:
        """All schedules if there are about `most` at most, else a bounded set. Stops at the first that breaks
        something: what a student needs is one schedule."""
        began = time.perf_counter()
        play = partial(self.play, meeting)
        found = Exploration(meeting, seed)
        found.runs += [play(schedule.first(actor)) for actor in meeting.actors]
        if not found.breaking():
            found.exhaustive = schedule.orders(found.runs) <= most
            found.runs.clear()
            for run in schedules(play, found):
                found.runs.append(run)
                if run.broken:
                    break
        found.seconds = time.perf_counter() - began
        return found

    def replay(self, meeting: Meeting, text: str) -> Run:
        return schedule.replay(partial(self.play, meeting), text)

    def play(self, meeting: Meeting, choose: Choose) -> Run:
        """Play it once, with rows of its own. An actor's outcome may be the error that it ended with."""
        scene = meeting.prepare()
        jobs = {name: self._job(name, part, scene) for name, part in meeting.actors.items()}

        def choose_and_check(moves: Sequence[Move], ready: tuple[str, ...]) -> str:
            self.box.verify()
            return choose(moves, ready)

        moves, outcomes = self._driver.play(jobs, choose_and_check, scene.tidy)
        run = Run(tuple(moves), outcomes)
        broken = failures(meeting, run)
        if not broken:
            self.box.verify()
            broken = [verdict for verdict in meeting.judge(scene, run) if verdict.state == "broken"]
        return replace(run, broken=tuple(broken))

    def _job(self, name: str, part: Part, scene: Scene) -> Job:
        if name not in self._actors:
            self._actors[name] = Actor(name, self._events)
        actor, channel = self._actors[name], self._channels[name]
        return lambda: part.read(channel.call(part.function, part.arguments(scene), watcher=actor).result())


def schedules(play: schedule.Play, found: Exploration) -> Iterator[Run]:
    """Every schedule if that is to be exhaustive; else those with few preemptions, and some at random."""
    if found.exhaustive:
        yield from schedule.explore(play, None, prune=False)
    else:
        yield from schedule.explore(play, schedule.PREEMPTIONS, prune=False)
        yield from islice(schedule.sample(play, found.seed), SAMPLE)


def failures(meeting: Meeting, run: Run) -> list[Verdict]:
    """Actors whose code came to no answer at all. Raises `NotStarted` if nobody has written it yet."""
    for outcome in run.outcomes.values():
        if isinstance(outcome, NotStarted):
            raise outcome
    return [
        Verdict("answers", "broken", f"{meeting.actors[name].title}: {outcome}")
        for name, outcome in run.outcomes.items()
        if isinstance(outcome, BaseException) and not isinstance(outcome, EXPECTED)
    ]
