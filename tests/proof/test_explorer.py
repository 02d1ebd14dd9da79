"""The explorer, on tiny shops whose schedules can be counted by hand."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import count
from math import comb
from typing import Any

import pytest
import redis

from common.backends import Backends
from common.catalog import SqlCatalog
from common.database import Db
from common.proof import diagram, export
from common.proof.driver import MOST_MOVES, WAKES, DriverError, Move
from common.proof.explorer import Exploration, Explorer, Powerless
from common.proof.scenario import NOW, Press, Scenario, Scene
from common.proof.scenarios import SCENARIOS
from common.proof.schedule import Diverged, in_step
from common.settings import Settings
from common.shop import Attempt, Busy, Order, Shop, SoldOut, Unclear
from stages.s01_naive.app import create_shop as naive
from stages.s01_naive.checkout import insert_order

Open = Callable[..., Explorer]

PRESSES = (Press("buyer 1", buyer=1), Press("buyer 2", buyer=2))
ENOUGH = Scenario("enough", "Two buyers, two units: nobody need be refused", 2, 1, PRESSES)


@pytest.fixture
def explorer(settings: Settings) -> Iterator[Open]:
    """`explorer(buy)`: an explorer of a shop with `buy(b, attempt)`, on the tables of s01. With `per_shop`,
    `buy(b)` makes what a shop buys with."""
    with ExitStack() as opened:

        def make(buy: Callable[..., Any], *, per_shop: bool = False) -> Explorer:
            def create_shop(b: Backends) -> Shop:
                return Shop(catalog=SqlCatalog(b.sql), buy=buy(b) if per_shop else partial(buy, b))

            return opened.enter_context(Explorer("s01", create_shop, settings))

        yield make


def stock(db: Db, attempt: Attempt, lock: str = "") -> int:
    row = db.one(f"SELECT stock FROM sales WHERE id = %s {lock}".strip(), attempt.sale_id)
    assert row
    return int(row["stock"])


def write(db: Db, attempt: Attempt, left: int) -> None:
    db.run("UPDATE sales SET stock = %s WHERE id = %s", left, attempt.sale_id)


def look_then_act(b: Backends, attempt: Attempt) -> Order:
    """Three steps: look, write back, insert."""
    with b.sql() as db:
        write(db, attempt, stock(db, attempt) - 1)
        return insert_order(db, attempt, 100, NOW)


def look_then_insert(b: Backends, attempt: Attempt) -> Order:
    """Two steps, and nobody is ever refused."""
    with b.sql() as db:
        stock(db, attempt)
        return insert_order(db, attempt, 100, NOW)


def guarded(b: Backends, attempt: Attempt) -> Order:
    """Two steps: take, insert."""
    with b.sql() as db:
        if not db.run("UPDATE sales SET stock = stock - 1 WHERE id = %s AND stock > 0", attempt.sale_id):
            raise SoldOut
        return insert_order(db, attempt, 100, NOW)


def locked(b: Backends, attempt: Attempt) -> Order:
    """Five steps: begin, look with a lock, write back, insert, commit."""
    with b.sql() as db, db.transaction():
        write(db, attempt, stock(db, attempt, "FOR UPDATE") - 1)
        return insert_order(db, attempt, 100, NOW)


def looks_seven_times(b: Backends, attempt: Attempt) -> None:
    with b.sql() as db:
        for _ in range(7):
            stock(db, attempt)


# What it finds ---------------------------------------------------------------------------------------------


def test_the_race_is_in_exactly_twelve_of_the_twenty_schedules(explorer: Open) -> None:
    """Three steps each. All is well only if one wrote back before the other looked: 2 × C(4, 1) schedules."""
    found = explorer(look_then_act).explore(ENOUGH)
    found.check_power()
    assert found.exhaustive
    assert len({run.schedule for run in found.runs}) == len(found.runs) == comb(6, 3) == 20
    assert len(found.breaking("conserved")) == 20 - 2 * comb(4, 1) == 12
    assert found.breaking("no_oversell") == []


def test_the_guarded_shop_breaks_in_none_of_its_six_schedules(explorer: Open) -> None:
    found = explorer(guarded).explore(ENOUGH)
    found.check_power()
    assert len(found.runs) == comb(4, 2) == 6
    assert found.breaking() == []


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (SoldOut(), "refused"),
        (Busy(), "refused"),
        (Unclear(), "unknown"),
        (redis.TimeoutError(), "unknown"),
        (None, "unknown"),
    ],
)
def test_only_who_has_taken_nothing_was_told_a_clear_no(outcome: object, told: str) -> None:
    assert Press("A", buyer=1).told(Scene(sale_id=7), 1, outcome).outcome == told


def test_a_buyer_who_waits_for_a_lock_is_recognised_and_goes_on_when_it_is_given_back(explorer: Open) -> None:
    """Before one commits, the other may begin, and ask for the lock: 2 × (1 + 5 + 3 + 4 + 5) schedules."""
    found = explorer(locked).explore(ENOUGH)
    found.check_power()
    assert len(found.runs) == 36
    assert found.breaking() == []
    waits = [run for run in found.runs if any(move.actor not in move.replies for move in run.moves)]
    assert len(waits) == 2 * (3 + 4 + 5)
    released = [move for run in waits for move in run.moves if len(move.replies) == 2]
    assert len(released) == len(waits)
    assert {move.step.command for move in released} == {"COMMIT"}


def test_three_buyers_interleave_too(explorer: Open) -> None:
    """Two steps each: 6! / (2! 2! 2!) schedules."""
    three = Scenario("three", "Three buyers, two units", 2, 1, (*PRESSES, Press("buyer 3", buyer=3)))
    found = explorer(look_then_insert).explore(three)
    found.check_power()
    assert (len(found.runs), found.exhaustive) == (90, True)
    assert len(found.breaking("no_oversell")) == 90


def orders_crosswise(b: Backends, attempt: Attempt) -> None:
    """Inserts two rows with fixed keys, in an order that depends on the buyer."""
    first, second = (1, 2) if attempt.buyer_id - attempt.sale_id == 1 else (2, 1)
    with b.sql() as db, db.transaction():
        for row in (first, second):
            sql = "INSERT INTO buyers (name, password_hash, created_at) VALUES (%s, '', %s)"
            db.run(sql, f"{attempt.sale_id}-{row}", NOW)


def test_of_a_deadlock_one_side_gets_error_1213_and_the_other_goes_on(explorer: Open) -> None:
    found = explorer(orders_crosswise).explore(ENOUGH)
    assert len(found.deadlocked) > 0
    for run in found.deadlocked:
        replies = [(actor, reply) for move in run.moves for actor, reply in move.replies.items()]
        losers = [actor for actor, reply in replies if reply == "error 1213"]
        assert len(losers) == 1
        assert [run.outcomes[name] is None for name in "AB"].count(True) == 1, "the other one finished"


def forgets_to_commit(b: Backends, attempt: Attempt) -> None:
    with b.sql() as db:
        db.run("SET innodb_lock_wait_timeout = 1")
        db.run("BEGIN")
        write(db, attempt, 0)


def test_a_lock_that_nobody_gives_back_ends_in_error_1205(explorer: Open) -> None:
    run = explorer(forgets_to_commit).replay(ENOUGH, "AAABBB")
    assert run.moves[-1].replies == {"B": "error 1205"}


# Threads of one process -------------------------------------------------------------------------------------

TOGETHER = replace(ENOUGH, one_process=True)


def waits_for_the_first(b: Backends) -> Callable[[Attempt], Any]:
    """Who comes first looks at once; everybody else when the first has looked."""
    lock, looked, numbers = threading.Lock(), threading.Event(), count()

    def buy(attempt: Attempt) -> int:
        with lock:
            first = next(numbers) == 0
        if not first:
            looked.wait()
        with b.sql() as db:
            left = stock(db, attempt)
        looked.set()
        return left

    return buy


def test_who_waits_for_another_thread_moves_only_after_it_was_woken(explorer: Open) -> None:
    """Two steps each, begin and look; and one to wake up, for a second who begins before the first looks."""
    found = explorer(waits_for_the_first, per_shop=True).explore(TOGETHER)
    assert {run.schedule for run in found.runs} == {"AABB", "ABABB", "BBAA", "BABAA"}
    for run in found.runs:
        woken = [move.actor for move in run.moves if move.step == WAKES]
        assert woken == ([run.schedule[1]] if len(run.moves) == 5 else [])


def test_threads_that_wait_for_each_other_for_ever_are_an_error(explorer: Open) -> None:
    never = threading.Event()
    with pytest.raises(DriverError, match="A and B wait for ever"):
        explorer(lambda b, attempt: never.wait()).play(TOGETHER, in_step)
    never.set()


def test_a_wait_with_a_time_out_is_waited_out(explorer: Open) -> None:
    never = threading.Event()
    run = explorer(lambda b, attempt: never.wait(0.01)).play(TOGETHER, in_step)
    assert (run.schedule, run.outcomes) == ("AB", {"A": False, "B": False})


def test_processes_share_no_memory_and_threads_do(explorer: Open) -> None:
    """Each shop counts its own buyers."""

    def counting(b: Backends) -> Callable[[Attempt], Any]:
        numbers = count(1)
        return lambda attempt: (look_then_insert(b, attempt), next(numbers))[1]

    shop = explorer(counting, per_shop=True)
    assert sorted(shop.play(ENOUGH, in_step).outcomes.items()) == [("A", 1), ("B", 1)]
    assert sorted(shop.play(TOGETHER, in_step).outcomes.items()) == [("A", 1), ("B", 2)]


# Replaying -------------------------------------------------------------------------------------------------


def test_a_schedule_played_twenty_times_does_the_same_twenty_times(explorer: Open) -> None:
    shop = explorer(locked)
    runs = [shop.replay(ENOUGH, "ABABAAABBB") for _ in range(20)]
    assert runs[0].schedule == "ABABAAABBB"
    assert any(move.actor not in move.replies for move in runs[0].moves), "it has a wait for a lock in it"
    assert all(run.moves == runs[0].moves for run in runs)


def test_a_short_schedule_is_continued_without_preemptions(explorer: Open) -> None:
    assert explorer(look_then_act).replay(ENOUGH, "AB").schedule == "ABBBAA"


def test_a_schedule_that_cannot_be_followed_is_an_error_that_says_where(explorer: Open) -> None:
    shop = explorer(look_then_act)
    with pytest.raises(Diverged, match="step 4 of AAAA is A's, but A has ended"):
        shop.replay(ENOUGH, "AAAA")
    with pytest.raises(Diverged, match="everybody had ended after AAABBB"):
        shop.replay(ENOUGH, "AAABBBA")
    with pytest.raises(Diverged, match=r"no actor X in AXB; there are A \(buyer 1\), B \(buyer 2\)"):
        shop.replay(ENOUGH, "AXB")
    assert shop.replay(ENOUGH, "AAABBB").schedule == "AAABBB", "and it can be used again"


def test_a_shop_that_does_something_else_each_time_is_an_error(explorer: Open) -> None:
    times = count()

    def moody(b: Backends, attempt: Attempt) -> None:
        with b.sql() as db:
            db.one(f"SELECT {next(times)}")
            stock(db, attempt)

    with pytest.raises(Diverged, match=r"step 1 of .* was A: SELECT \d+ .* it is A: SELECT \d+"):
        explorer(moody).explore(ENOUGH)


def test_a_crash_names_the_actor_and_the_schedule(explorer: Open) -> None:
    def broken(b: Backends, attempt: Attempt) -> None:
        with b.sql() as db:
            raise TypeError(f"{stock(db, attempt)} is no unit")

    with pytest.raises(DriverError, match="buyer 1 crashed in AB: TypeError: 2 is no unit"):
        explorer(broken).explore(ENOUGH)


def test_who_never_ends_is_stopped(explorer: Open) -> None:
    given_up = False

    def polls(b: Backends, attempt: Attempt) -> None:
        while not given_up:
            b.stock.get(str(attempt.sale_id))

    def give_up(moves: Sequence[Move], ready: tuple[str, ...]) -> str:
        nonlocal given_up
        given_up = len(moves) == MOST_MOVES - 1
        return ready[0]

    with pytest.raises(DriverError, match="after 400 steps somebody still goes on"):
        explorer(polls).play(ENOUGH, give_up)


# Power -----------------------------------------------------------------------------------------------------


def test_an_exploration_that_is_always_serial_fails_its_power_check(explorer: Open) -> None:
    shop = explorer(look_then_act)
    serial = Exploration(ENOUGH, seed=1, runs=[shop.replay(ENOUGH, name) for name in ("AAABBB", "BBBAAA")])
    with pytest.raises(Powerless, match="no actor ever moved between two moves of another"):
        serial.check_power()


def test_an_exploration_that_sees_no_steps_fails_its_power_check(explorer: Open, settings: Settings) -> None:
    unseen = Backends.connect("s01", settings)
    found = explorer(lambda _, attempt: look_then_act(unseen, attempt)).explore(ENOUGH)
    unseen.pool.close()
    with pytest.raises(Powerless, match="took no step"):
        found.check_power()


def test_an_exploration_in_which_one_is_always_first_fails_its_power_check(explorer: Open) -> None:
    shop = explorer(look_then_act)
    lopsided = Exploration(ENOUGH, seed=1, runs=[shop.replay(ENOUGH, "ABABAB")])
    with pytest.raises(Powerless, match="not every actor ever came first"):
        lopsided.check_power()


# Bounds and pruning ----------------------------------------------------------------------------------------


def test_beyond_the_bound_it_plays_up_to_two_preemptions_and_a_sample_and_says_so(explorer: Open) -> None:
    shop = explorer(looks_seven_times)
    found = shop.explore(ENOUGH, seed=1)
    found.check_power()
    assert not found.exhaustive
    schedules = [run.schedule for run in found.runs]
    assert len(schedules) == len(set(schedules)) < comb(14, 7)
    few = 2 * (1 + 6 + 6 * 6)  # no preemption, one, two: each after one to six of somebody's seven steps
    assert sum(run.switches <= 3 for run in found.runs) == few
    assert schedules == [run.schedule for run in shop.explore(ENOUGH, seed=1).runs]
    assert schedules != [run.schedule for run in shop.explore(ENOUGH, seed=2).runs]


def test_two_actors_on_different_servers_need_one_schedule_only(explorer: Open) -> None:
    def apart(b: Backends, attempt: Attempt) -> None:
        with b.sql() as db:
            for _ in range(3):
                if attempt.buyer_id - attempt.sale_id == 1:
                    stock(db, attempt)
                else:
                    b.stock.incr(f"s01:{attempt.sale_id}")

    shop = explorer(apart)
    assert len(shop.explore(ENOUGH).runs) == 1
    assert len(shop.explore(ENOUGH, prune=False).runs) == comb(6, 3)


def mixed(b: Backends, attempt: Attempt) -> Any:
    """Look and act in Redis, with statements in between and after."""
    key = f"s01:{attempt.sale_id}"
    with b.sql() as db:
        seen = int(b.stock.get(key) or 0)  # type: ignore[arg-type]
        left = stock(db, attempt)
        b.stock.set(key, seen + 1)
        write(db, attempt, left - 1)
    return seen, left


def test_pruning_loses_no_outcome(explorer: Open) -> None:
    shop = explorer(mixed)
    every, pruned = shop.explore(ENOUGH, prune=False), shop.explore(ENOUGH)

    def outcomes(found: Exploration) -> set[tuple[object, ...]]:
        return {(*run.outcomes.items(), run.broken) for run in found.runs}

    assert len(every.runs) == comb(8, 4)
    assert len(pruned.runs) < len(every.runs)
    assert outcomes(pruned) == outcomes(every)
    assert len(outcomes(every)) > 3, "there is something to lose"


def test_more_schedules_than_could_be_foreseen_are_cut_and_it_says_so(explorer: Open) -> None:
    def slow_when_met(b: Backends, attempt: Attempt) -> None:
        key = f"s01:{attempt.sale_id}"
        if b.stock.incr(key) > 1:
            for _ in range(6):
                b.stock.incr(f"{key}:more")
        b.stock.decr(key)

    shop = explorer(slow_when_met)
    assert shop.explore(ENOUGH).exhaustive
    assert len(shop.explore(ENOUGH).runs) > 2 * comb(4, 2)
    assert not shop.explore(ENOUGH, most=comb(4, 2)).exhaustive


# Showing ---------------------------------------------------------------------------------------------------


@pytest.fixture
def of_s01(settings: Settings) -> Iterator[Explorer]:
    with Explorer("s01", naive, settings) as explorer:
        yield explorer


def test_the_diagram_shows_each_step_with_its_reply_and_where_it_goes_wrong(of_s01: Explorer) -> None:
    scenario = SCENARIOS["one-unit"]
    run = of_s01.explore(scenario).breaking("no_oversell")[0]
    wrong_at = of_s01.pinpoint(scenario, run)
    assert (run.schedule, wrong_at) == ("AABBBBAA", 7)
    lines = diagram.terminal(scenario, run, wrong_at).splitlines()
    assert max(map(len, lines)) <= diagram.WIDTH
    assert "1  SELECT * FROM sales WHERE id = 7   ▶ stock=1 state=published …" in lines
    assert lines[lines.index(" ✘ here it goes wrong: no_oversell") - 2].startswith("8  INSERT INTO orders")
    assert "✘ no_oversell: 2 of 1 units are sold: 1 too many" in lines
    mermaid = diagram.mermaid(scenario, run, wrong_at).splitlines()
    assert mermaid[0] == "sequenceDiagram"
    assert "    B->>MariaDB: 5. UPDATE sales SET stock = 0 WHERE id = 7" in mermaid
    assert "    Note over A,B: ✘ no_oversell" in mermaid


def test_a_wait_is_shown_where_it_begins_and_where_it_ends(explorer: Open) -> None:
    run = explorer(locked).replay(ENOUGH, "AABBA")
    text = diagram.terminal(ENOUGH, run)
    assert text.index("waits for a lock …") < text.index("COMMIT") < text.index("has waited for this")


def test_the_marker_stands_where_the_write_erases_the_restock_not_where_the_order_follows(
    of_s01: Explorer,
) -> None:
    scenario = SCENARIOS["restock"]
    run = of_s01.explore(scenario).breaking("conserved")[0]
    assert run.moves[of_s01.pinpoint(scenario, run)].step.command == "UPDATE sales SET stock = 0 WHERE id = 7"


def test_the_exported_tree_holds_every_schedule_and_stays_small(of_s01: Explorer) -> None:
    found = of_s01.explore(SCENARIOS["one-unit"], prune=False)
    watch = partial(of_s01.watch, SCENARIOS["one-unit"])
    tree = json.loads(json.dumps(export.tree("s01_naive", SCENARIOS["one-unit"], found, watch)))
    assert tree["complete"]
    assert tree["schedules"] == len(found.runs)
    assert set(leaves(tree, tree["root"])) == {run.schedule for run in found.runs}
    for run in found.runs:
        assert told(tree, run.schedule) == [(move.step.label, dict(move.replies)) for move in run.moves] + [
            sorted(verdict.name for verdict in run.broken)
        ]
    assert len(gzip.compress(json.dumps(tree, separators=(",", ":")).encode())) < 1024


def test_the_exported_tree_tells_what_the_servers_held(of_s01: Explorer) -> None:
    found = of_s01.explore(SCENARIOS["one-unit"], prune=False)
    scenario = SCENARIOS["one-unit"]
    tree = export.tree("s01_naive", scenario, found, partial(of_s01.watch, scenario))
    assert states(tree, "AAAA") == [[1, None, {}], [1, None, {}], [0, None, {}], [0, None, {"A": 1}]]
    assert states(tree, "AABBBBAA")[-1] == [0, None, {"A": 1, "B": 1}]


def states(tree: dict[str, Any], schedule: str) -> list[object]:
    node, seen = tree["nodes"][tree["root"]], []
    for actor in schedule:
        _server, _step, child, _replies, state = node[actor]
        seen.append(tree["states"][state])
        node = tree["nodes"][child]
    return seen


def leaves(tree: dict[str, Any], number: int, path: str = "") -> Iterator[str]:
    node = tree["nodes"][number]
    if "end" in node:
        yield path
        return
    for actor, (_server, _step, child, _replies, _state) in node.items():
        yield from leaves(tree, child, path + actor)


def told(tree: dict[str, Any], schedule: str) -> list[object]:
    """What one who plays `schedule` in the tree reads."""
    node, read, texts = tree["nodes"][tree["root"]], [], tree["texts"]
    for actor in schedule:
        _server, step, child, replies, _state = node[actor]
        read.append((texts[step], {name: texts[reply] for name, reply in replies.items()}))
        node = tree["nodes"][child]
    return [*read, sorted(node["broken"])]
