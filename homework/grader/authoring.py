"""What the author of a homework writes checks with. See homework/AUTHORING.md.

A check is a function of checks.py or hidden.py, named by its id in homework.toml. It gets a `Grading`,
returns when the check is passed, and raises `Failed` when it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

from common.backends import Backends
from common.database import Db
from common.ids import new_id
from common.proof import diagram
from common.proof.crash import wait_until_gone
from common.proof.explorer import Exploration, Powerless
from common.proof.oracle import Verdict
from common.proof.scenario import NOW
from common.proof.schedule import Run
from common.proof.steps import Step
from common.shop import Order
from homework.grader.book import Homework, beside
from homework.grader.playing import MOST, Meeting, Part, Player, Scene
from homework.grader.result import Costs, Trace
from homework.grader.sandbox import Answer, NotStarted, Sandbox, StudentError, ready
from homework.grader.servers import Servers

__all__ = [
    "Answer",
    "Failed",
    "Grading",
    "Meeting",
    "NotStarted",
    "Part",
    "Scene",
    "StudentError",
    "an_order",
    "beside",
    "broken",
    "kept",
]

NEVER_MET = (
    "the two never came between each other's round trips, so nothing is shown: does your code ask the"
    " servers, and only through what it is given?"
)
HOUR = timedelta(hours=1)
MOST_CRASHES = 40  # steps of one operation


class Failed(Exception):
    """The check is not passed. `message` is a sentence for the student; the rest is what to look at."""

    def __init__(
        self,
        message: str,
        *,
        expected: Any = None,
        seen: Any = None,
        schedule: str | None = None,
        diagram: str | None = None,
    ) -> None:
        super().__init__(message)
        self.expected, self.seen, self.schedule, self.diagram = expected, seen, schedule, diagram


def an_order(value: Any) -> object:
    """For `Part(…, read=an_order)`: the `Order` that harness.py returned; anything else as it is."""
    try:
        return Order(**{**value, "created_at": datetime.fromisoformat(value["created_at"])})
    except (TypeError, KeyError, ValueError):
        return value


def broken(name: str, sentence: str) -> Verdict:
    """A judge's verdict: this is what went wrong."""
    return Verdict(name, "broken", sentence)


def kept(name: str) -> Verdict:
    """A judge's verdict: this is as it should be."""
    return Verdict(name, "kept", "")


@dataclass
class Grading:
    """One check of one submission: the student's files, servers that are empty, and ways to run the code.

    `schedule` is set when one schedule is to be replayed. Everything opened here is closed after the check.
    What a check puts into `bind` before it calls anything is shown in each of its sandboxes: see `new_box`.
    """

    homework: Homework
    files: Mapping[str, bytes]
    servers: Servers
    seed: int
    check: str
    schedule: str | None = None
    costs: Costs | None = None
    traces: list[Trace] = field(default_factory=list)
    open: ExitStack = field(default_factory=ExitStack)
    bind: dict[str, Path] = field(default_factory=dict)

    @cached_property
    def random(self) -> Random:
        """Draws the check's data: the same for the same seed."""
        return Random(f"{self.seed} {self.homework.code} {self.check}")

    def text(self, name: str) -> str:
        """One of the student's files (its encoding has been looked at before)."""
        return self.files[name].decode("utf-8-sig")

    @cached_property
    def backends(self) -> Backends:
        """The trusted side's own way to the servers."""
        backends = self.servers.backends(self.homework.stage)
        self.open.callback(backends.pool.close)
        self.open.callback(backends.stock.connection_pool.disconnect)
        return backends

    @contextmanager
    def db(self) -> Iterator[Db]:
        """A connection to the stage's database, with all rights."""
        with self.backends.sql() as db:
            yield db

    def new_sale(self, title: str, units: int, *, sold: int = 0, limit: int = 9) -> int:
        """A published sale, open at `NOW`, of which `sold` units are gone; its id."""
        row = (title, title, "tea", 100, 200, units, units - sold, limit, NOW - HOUR, NOW + HOUR, "published")
        with self.db() as db:
            return db.insert(
                "INSERT INTO sales (title, title_zh, image, price_cents, list_price_cents, initial, stock,"
                " buyer_limit, opens_at, closes_at, state)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                *row,
            )

    def new_order(self, sale_id: int, buyer_id: int, quantity: int = 1) -> str:
        """An order that was placed at `NOW`; its id. Takes nothing from the stock: see `new_sale(sold=…)`."""
        order_id = new_id()
        with self.db() as db:
            db.run(
                "INSERT INTO orders (id, sale_id, buyer_id, quantity, price_cents, status, created_at)"
                " VALUES (%s, %s, %s, %s, 100, 'placed', %s)",
                *(order_id, sale_id, buyer_id, quantity, NOW),
            )
        return order_id

    # --- calling the student's code ---

    def new_box(self, actors: int = 2, bind: Mapping[str, Path] | None = None) -> Sandbox:
        """Another process with the student's code; it ends with the check, or by its `kill`.

        `bind` shows folders of yours in it: {"/run/gift": folder}. Where no walls can be built around it, the
        folder is where it is: pass `box.path("/run/gift")` to the student's code.
        """
        harness = self.homework.folder / "harness.py"
        shown = self.bind | dict(bind or {})
        box = Sandbox(self.servers, self.homework.stage, self.files, harness, actors=actors, bind=shown)
        return self.open.enter_context(ready(box))

    @cached_property
    def box(self) -> Sandbox:
        """The process that `call`, `attempt` and `play` use."""
        return self.new_box()

    def call(self, function: str, **arguments: Any) -> Any:
        """What `function` of harness.py returns. Raises what it raised."""
        return self.attempt(function, **arguments).result()

    def attempt(self, function: str, **arguments: Any) -> Answer:
        """As `call`, but what the shop or a server refused is part of the answer. Raises all the same:
        `NotStarted`, `StudentError` for code that came to no answer, and `Unseen` for code that goes past
        what it is given."""
        answer = self.box.channels[0].call(function, arguments)
        if isinstance(answer.error, NotStarted | StudentError):
            raise answer.error
        return answer

    def count(self, answer: Answer) -> None:
        """Take this answer's round trips as the submission's costs."""
        said = [command for _, command, _ in answer.steps]
        sql = sum(server == "MariaDB" for server, _, _ in answer.steps)
        self.costs = Costs(len(said), sql, sum(len(each.encode()) for each in said))

    # --- schedules ---

    def play(self, meeting: Meeting, most: int = MOST) -> Exploration | None:
        """Play the meeting's schedules; `Failed` with the first that breaks something, and its diagram.

        The exploration for further judging; None when only one schedule was replayed. `Failed` too
        when the actors never met: nothing would be shown.
        """
        if self.schedule:
            self._settle(meeting, self._player.replay(meeting, self.schedule))
            return None
        found = self._player.explore(meeting, self.seed, most)
        for run in found.breaking():
            self._settle(meeting, run)
        try:
            found.check_power()
        except Powerless:
            raise Failed(NEVER_MET) from None
        self.keep(meeting, max(found.runs, key=lambda run: run.switches))
        return found

    def replay(self, meeting: Meeting, schedule: str) -> tuple[Run, str]:
        """Play one schedule, whatever comes of it; the run and its diagram. Raises `Diverged`."""
        run = self._player.replay(meeting, schedule)
        self.keep(meeting, run)
        return run, diagram.terminal(meeting, run)

    @cached_property
    def _player(self) -> Player:
        player = Player(self.servers, self.box)
        self.open.callback(player.close)
        return player

    def _settle(self, meeting: Meeting, run: Run) -> None:
        self.keep(meeting, run)
        picture = diagram.terminal(meeting, run)
        if run.broken:
            raise Failed(f"{meeting.title}: {run.broken[0].sentence}", schedule=run.schedule, diagram=picture)

    def keep(self, meeting: Meeting, run: Run) -> None:
        """Keep what happened, as a trace in the result."""
        steps = [
            {"actor": line.actor, "server": line.server, "command": line.text, "reply": line.reply}
            for line in diagram.story(run)
        ]
        self.traces.append(Trace(run.schedule, steps, meeting.title))

    # --- crashes ---

    def crash(
        self, part: Part, prepare: Callable[[], Scene], judge: Callable[[Scene], Sequence[Verdict]]
    ) -> int:
        """Kill the process after the first, the second … the last round trip of `part`; judge each time.

        `judge` is called when MariaDB has rolled back what the dead process had begun. How many crashes there
        were. `Failed` names the round trip after which the process was killed.
        """
        for step in range(1, MOST_CRASHES):
            scene, others = prepare(), self.servers.sessions()
            box = self.new_box(actors=1)
            killer, sessions = Killer(box, step, scene), self.servers.sessions() - others
            try:
                box.channels[0].call(part.function, part.arguments(scene), watcher=killer).result()
            except StudentError:
                if not killer.killed:
                    raise
            box.verify()
            if not killer.killed:
                return step - 1
            with self.db() as db:
                wait_until_gone(db, frozenset(sessions))
            for verdict in judge(scene):
                if verdict.state == "broken":
                    raise Failed(
                        f"killed after {killer.story[-1]}: {verdict.sentence}", seen="; ".join(killer.story)
                    )
        raise Failed(f"one operation takes more than {MOST_CRASHES} round trips")


@dataclass
class Killer:
    """A watcher that kills the sandbox when so many steps have been answered."""

    box: Sandbox
    last: int
    scene: Scene
    story: list[str] = field(default_factory=list)
    killed: bool = False

    def before(self, step: Step) -> None:
        if not self.killed:  # the dead process may have announced its next step already
            self.story.append(f"round trip {len(self.story) + 1}, {self.scene.tidy(step.label)}")

    def after(self, step: Step, reply: str) -> None:  # noqa: ARG002 - every watcher hears the same
        if len(self.story) == self.last:
            self.killed = True
            self.box.kill()
