"""Schedules: in which order actors may move, which orders are worth playing, and playing one again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import factorial, prod
from random import Random

from common.proof.driver import Choose, DriverError, Move
from common.proof.oracle import Verdict
from common.proof.steps import Step

EXHAUSTIVE = 924  # the orders of two actors with six steps each: as many are all played
PREEMPTIONS = 2
SAMPLES = 100


class Diverged(DriverError):
    """A schedule was played again, and something else happened."""


@dataclass(frozen=True)
class Run:
    """One schedule, played: every move, what each actor got in the end, and which guarantees were broken."""

    moves: tuple[Move, ...]
    outcomes: Mapping[str, object]
    broken: tuple[Verdict, ...] = ()

    @property
    def schedule(self) -> str:
        """The movers in order, one letter each: what `--replay` takes."""
        return "".join(move.actor for move in self.moves)

    @property
    def switches(self) -> int:
        return sum(one != next_one for one, next_one in pairwise(self.schedule))

    @property
    def deadlocked(self) -> bool:
        return any(reply == "error 1213" for move in self.moves for reply in move.replies.values())

    @property
    def preemptible(self) -> bool:
        """At some point whoever had moved could have gone on, and so could somebody else."""
        return any(len(now.ready) > 1 and last.actor in now.ready for last, now in pairwise(self.moves))

    @property
    def interleaved(self) -> bool:
        """Some actor moved between two moves of another."""
        return self.switches >= len(set(self.schedule))


Play = Callable[[Choose], Run]


def stay(moves: Sequence[Move], ready: tuple[str, ...]) -> str:
    """Whoever moved last goes on as long as possible: the schedule without preemptions."""
    return moves[-1].actor if moves and moves[-1].actor in ready else ready[0]


def first(actor: str) -> Choose:
    """`actor` moves whenever it can."""
    return lambda moves, ready: actor if actor in ready else stay(moves, ready)


def in_step(moves: Sequence[Move], ready: tuple[str, ...]) -> str:
    """Gate mode, for crowds: nobody takes the next step before everybody who can has taken this one."""
    taken = Counter(move.actor for move in moves)
    return min(ready, key=lambda name: taken[name])


def follow(schedule: str) -> Choose:
    """Play `schedule`; when it is shorter than the run, go on without preemptions. Raises `Diverged`."""

    def choose(moves: Sequence[Move], ready: tuple[str, ...]) -> str:
        if len(moves) >= len(schedule):
            return stay(moves, ready)
        wanted = schedule[len(moves)]
        if wanted not in ready:
            where = f"step {len(moves) + 1} of {schedule} is {wanted}'s"
            told = [move.replies[wanted] for move in moves if wanted in move.replies]
            last = f" (its last reply: {told[-1]})" if told else ""
            gone = f"{wanted} has ended or waits for a lock{last}"
            raise Diverged(f"{where}, but {gone}; ready: {', '.join(ready)}")
        return wanted

    return choose


def replay(play: Play, schedule: str, like: Sequence[Move] = ()) -> Run:
    """Play `schedule`. Raises `Diverged` unless it is played whole, and begins with the moves `like`."""
    run = play(follow(schedule))
    if not run.schedule.startswith(schedule):
        raise Diverged(f"everybody had ended after {run.schedule}, before the end of {schedule}")
    for number, (now, then) in enumerate(zip(run.moves, like, strict=False), start=1):
        if now != then:
            raise Diverged(f"step {number} of {schedule} was {_told(then)}; played again it is {_told(now)}")
    return run


def explore(play: Play, bound: int | None, prune: bool) -> Iterator[Run]:
    """Every schedule with at most `bound` preemptions (None: any number), depth first, each once.

    With `prune`, orders that differ only by commuting steps are played once (dynamic partial-order reduction
    in its plainest form): an actor need not move before a step with which none of its later steps conflicts.
    """
    stack: list[tuple[Sequence[Move], str]] = [((), "")]
    seen: set[str] = set()
    while stack:
        like, mover = stack.pop()
        run = replay(play, "".join(move.actor for move in like) + mover, like)
        yield run
        seen.update(run.schedule[: index + 1] for index in range(len(run.moves)))
        for index, move in enumerate(run.moves):
            for other in move.ready:
                path = run.schedule[:index] + other
                if path in seen or (prune and not _matters(run.moves, index, other)):
                    continue
                if bound is None or _preemptions(run.moves[:index], move.ready, other) <= bound:
                    seen.add(path)
                    stack.append((run.moves[:index], other))


def sample(play: Play, seed: int) -> Iterator[Run]:
    """`SAMPLES` schedules at random, the same for the same seed. Some may come twice."""
    random = Random(seed)
    for _ in range(SAMPLES):
        yield play(lambda _moves, ready: random.choice(ready))


def orders(runs: Sequence[Run]) -> int:
    """About how many schedules there are, reckoned from a few as if nobody ever waited for a lock.

    Steps that commute with all of the others' do not count.
    """

    def of(run: Run) -> int:
        counts = [_conflicting_steps(run, actor) for actor in set(run.schedule)]
        return factorial(sum(counts)) // prod(map(factorial, counts))

    return max(map(of, runs))


def commute(one: Step, other: Step) -> bool:
    """Whether the order of two steps of different actors certainly makes no difference.

    Two statements never do: gap locks make even those on different rows meet.
    """
    return one.server != other.server or (one.reads and other.reads)


def _matters(moves: Sequence[Move], index: int, other: str) -> bool:
    return any(
        move.actor == other and not commute(move.step, moves[index].step) for move in moves[index + 1 :]
    )


def _preemptions(moves: Sequence[Move], ready: tuple[str, ...], mover: str) -> int:
    """How often a mover of `moves`, and then `mover`, took the turn from one who could have gone on."""
    turns = [*((move.actor, move.ready) for move in moves), (mover, ready)]
    return sum(actor != last and last in could for (last, _), (actor, could) in pairwise(turns))


def _conflicting_steps(run: Run, actor: str) -> int:
    others = [move.step for move in run.moves if move.actor != actor]
    mine = [move.step for move in run.moves if move.actor == actor]
    return sum(any(not commute(step, other) for other in others) for step in mine)


def _told(move: Move) -> str:
    replies = ", ".join(f"{actor}: {reply}" for actor, reply in move.replies.items())
    return f"{move.actor}: {move.step.command} [{replies}] with {''.join(move.ready)} ready"
