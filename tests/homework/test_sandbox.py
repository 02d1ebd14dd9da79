"""The sandbox: what it shares with nobody, and whose time it counts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from common.lab.keeper import MARK
from common.proof import schedule
from common.proof.driver import Actor, Driver, Event
from common.proof.waits import LockWaits
from homework.grader import sandbox, walls
from homework.grader.patience import Look, own
from homework.grader.sandbox import Sandbox, StudentError, ready
from homework.grader.servers import ENVIRONMENT, Servers

HEAD = """
import ctypes, gc, os, socket, sys, time
"""
Open = Callable[..., Any]


@pytest.fixture
def opened(servers: Servers, tmp_path: Path) -> Open:
    """`with opened(code, actors) as box`: a sandbox on empty servers, and what it can be asked to do."""
    servers.empty("s02")

    @contextmanager
    def opened(code: str, actors: int = 1) -> Iterator[Sandbox]:
        harness = tmp_path / "harness.py"
        harness.write_text(HEAD + code)
        with ready(Sandbox(servers, "s02", {}, harness, actors=actors)) as box:
            yield box

    return opened


def ask(box: Sandbox, **arguments: Any) -> Any:
    return box.channels[0].call("it", arguments).result()


# --- what it shares with nobody ---


def test_what_one_does_to_our_modules_another_does_not_see(opened: Open) -> None:
    code = """
def it(b):
    import common.shop
    seen, common.shop.marked = hasattr(common.shop, "marked"), True
    return seen
"""
    with opened(code) as first:
        assert [ask(first), ask(first)] == [False, True]
    with opened(code) as second:
        assert ask(second) is False


def test_no_two_draw_the_same_numbers(opened: Open) -> None:
    code = """
def it(b):
    import random, uuid
    return [random.random(), str(uuid.uuid4())]
"""
    with opened(code) as first, opened(code) as second:
        one, two = ask(first), ask(second)
    assert not set(one) & set(two)


def test_it_has_no_way_to_the_jail_or_to_the_spawner(opened: Open) -> None:
    code = """
def it(b):
    kinds = []
    for number in range(3, 256):
        try:
            kinds.append(socket.socket(fileno=os.dup(number)).type)
        except OSError:
            pass
    return [kind for kind in kinds if kind != socket.SOCK_STREAM] or len(kinds)
"""
    with opened(code) as box:
        assert ask(box) == 3, "its pipe, MariaDB and Redis"


def test_it_sees_nothing_of_our_environment(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_OURS", "x")
    with opened("def it(b): return dict(os.environ)") as box:
        seen = ask(box)
    assert set(seen) - {MARK, "LC_CTYPE"} == set(ENVIRONMENT)


def test_it_may_do_nothing_that_only_root_may(opened: Open) -> None:
    code = """
def it(b):
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, sets) == 0
    return list(sets)
"""
    with opened(code) as box:
        assert ask(box) == [0] * 6


def test_the_course_may_live_where_people_live(opened: Open) -> None:
    """Nothing that a sandbox needs is covered by what is bound into it later."""
    if walls.missing():
        pytest.skip(walls.missing())
    with opened(
        "def it(b): return [os.path.exists(path) for path in sys.path[1:-1] if os.path.isabs(path)]"
    ) as box:
        targets = [target for _, target, _ in box._binds()]
    for at, target in enumerate(targets):
        covered = [each for each in targets[:at] if each.startswith(target + "/")]
        assert not covered, target


# --- whose time it is ---


def test_time_without_a_processor_is_not_its_own() -> None:
    began = Look(100, 1, 5)
    assert own(began, Look(110, 1, 5)) == 10, "it slept"
    assert own(began, Look(110, 11, 5)) == 10, "it computed"
    assert own(began, Look(110, 1.5, 14.5)) == pytest.approx(0.5), "others computed"
    assert own(began, Look(110, 1, 500)) == pytest.approx(0.5), "it slept, and others computed"
    assert own(began, Look(110, 21, 35)) == 20, "it computed twice over, and held itself up"
    assert own(began, Look(110, 0, 0)) == 10, "who was held up has ended"


@pytest.fixture
def starved() -> Iterator[int]:
    """A processor on which twenty others compute without end; its number."""
    at = min(os.sched_getaffinity(0))
    spin = f"import os; os.sched_setaffinity(0, {{{at}}})\nwhile os.getppid() == {os.getpid()}: pass"
    crowd = [subprocess.Popen([sys.executable, "-c", spin], start_new_session=True) for _ in range(20)]
    try:
        yield at
    finally:
        for each in crowd:
            each.kill()
        for each in crowd:
            each.wait()


WORK = """
def it(b, at):
    os.sched_setaffinity(0, {at})
    while time.thread_time() < 0.15: pass
    return "done"
"""


def test_who_gets_no_processor_may_answer_late(
    opened: Open, starved: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(WORK) as box:
        monkeypatch.setattr(sandbox, "ANSWER_WITHIN", 1.5)
        began = time.monotonic()
        assert ask(box, at=starved) == "done"
        assert time.monotonic() - began > 2, "it was not starved, so nothing is shown"


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "time.sleep(1e6)",
        "while True: time.sleep(0.01)",
        """
    while True:
        b.stock.get("s02:x")
        time.sleep(0.01)
        """,
    ],
)
def test_who_does_not_answer_is_ended_on_a_busy_machine_too(
    opened: Open, starved: int, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    with opened(f"def it(b, at):\n    os.sched_setaffinity(0, {{at}})\n    {body}") as box:
        monkeypatch.setattr(sandbox, "ANSWER_WITHIN", 0.3)
        with pytest.raises(StudentError, match="did not answer within"):
            ask(box, at=starved)


def test_who_answers_letter_by_letter_is_ended(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
def it(b):
    for number in range(3, 64):
        try: os.write(number, b" ")
        except OSError: continue
        while True:
            time.sleep(0.05)
            os.write(number, b" ")
"""
    with opened(code) as box:
        monkeypatch.setattr(sandbox, "ANSWER_WITHIN", 1.0)
        with pytest.raises(StudentError, match="did not answer within"):
            ask(box)


def test_who_takes_a_little_too_long_each_time_is_ended(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened("def it(b): time.sleep(0.2)") as box:
        monkeypatch.setattr(sandbox, "ALL_WITHIN", 2.0)
        with pytest.raises(StudentError, match="in all"):
            for _ in range(100):
                ask(box)


LOCKS = """
SQL = "UPDATE sales SET stock = stock - 1 WHERE id = %s"

def itself(b, sale):
    with b.sql() as one, one.transaction():
        one.run(SQL, sale)
        with b.sql() as other:
            other.run(SQL, sale)

def slow(b, sale):
    with b.sql() as db, db.transaction():
        db.run(SQL, sale)
        for _ in range(8):
            time.sleep(0.3)
            db.one("SELECT 1")
    return "done"

def quick(b, sale):
    with b.sql() as db, db.transaction():
        db.run(SQL, sale)
    return "done"
"""


@pytest.fixture
def sale(servers: Servers) -> int:
    with closing(servers.db("seckill_s02"[8:])) as db:
        return db.insert(
            "INSERT INTO sales (title, title_zh, image, price_cents, list_price_cents, initial, stock,"
            " buyer_limit, opens_at, closes_at) VALUES ('', '', '', 1, 1, 9, 9, 9, NOW(), NOW())"
        )


def test_who_waits_for_its_own_lock_is_told_so(
    opened: Open, sale: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(LOCKS) as box:
        monkeypatch.setattr(sandbox, "SERVED_WITHIN", 1.0)
        with pytest.raises(StudentError, match="a lock that it holds itself"):
            box.channels[0].call("itself", {"sale": sale}).result()


def test_a_lock_may_be_waited_for_while_its_holder_moves(
    servers: Servers, opened: Open, sale: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However slow the machine is, no wait ends in error 1205: that would be the schedule's fault."""
    events: SimpleQueue[Event] = SimpleQueue()
    actors = {name: Actor(name, events) for name in "AB"}
    with opened(LOCKS, actors=2) as box, closing(servers.db()) as db:
        assert (db.one("SELECT @@innodb_lock_wait_timeout AS most") or {})["most"] > 3600
        monkeypatch.setattr(sandbox, "SERVED_WITHIN", 1.0)
        jobs = {
            name: lambda name=name, function=function, channel=channel: channel.call(
                function, {"sale": sale}, watcher=actors[name]
            ).result()
            for name, function, channel in zip("AB", ("slow", "quick"), box.channels, strict=True)
        }
        began = time.monotonic()
        moves, outcomes = Driver(actors, events, LockWaits(db)).play(jobs, schedule.follow("AABB"), str)
    for actor in actors.values():
        actor.stop()
    assert outcomes == {"A": "done", "B": "done"}
    waits = [move for move in moves if move.actor == "B" and "B" not in move.replies]
    assert len(waits) == 1, "nobody waited, so nothing is shown"
    assert time.monotonic() - began > 2
