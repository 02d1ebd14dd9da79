"""The checks of hw08. They run on the grader's side; the student's code only answers.

What is right is worked out by `Bucket`: with tokens and fractions, not the way a GCRA goes about it. Periods
are hours: the clock is moved by hand, and nothing that Redis keeps expires while a check is under way.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from common.proof.oracle import Verdict
from common.proof.scenario import NOW
from common.proof.schedule import Run
from homework.grader.authoring import Answer, Failed, Grading, Meeting, Part, Scene, StudentError, broken
from homework.grader.sandbox import NotStarted

ANN, BOB, CID = 1, 2, 3
BUYERS = {ANN: "Ann", BOB: "Bob", CID: "Cid"}
SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
SCRIPTS = {"EVALSHA", "EVAL", "FCALL"}


class Rule(NamedTuple):
    count: int
    period: int  # ms
    burst: int

    def __str__(self) -> str:
        return f"{self.count} in {self.period:,} ms, {self.burst} at once"


EVEN = Rule(3, HOUR, burst=5)  # one in 20 minutes
UNEVEN = Rule(7, HOUR, burst=4)  # one in 514,285.714… ms
MANY = Rule(960, HOUR, burst=960)  # one in 3,750 ms; a time in 1/960 ms has 16 digits


# --- task 1: a pure function ---


def burst(g: Grading) -> None:
    expect_through(g, Rule(3, 10 * SECOND, burst=3), [0, 0, 0, 0], "four arrive at once")
    expect_through(g, Rule(1, SECOND, burst=1), [5000, 5001], "two arrive, one ms apart")


def refill(g: Grading) -> None:
    third = Rule(3, 10 * SECOND, burst=3)  # one in 3,333.33… ms: after the period there are three, not 2.99…
    expect_through(g, third, [0, 0, 0, 10 * SECOND, 10 * SECOND, 10 * SECOND], "three arrive, and three more")
    for _ in range(20):
        rule = Rule(g.random.randint(1, 9), g.random.randint(1, 100) * SECOND, g.random.randint(1, 6))
        at, arrivals = g.random.randint(0, 10_000), list[int]()
        for _ in range(60):
            at += g.random.choice([0, 1, rule.period // rule.count, rule.period // rule.count + 1])
            arrivals.append(at)
        expect_through(g, rule, arrivals, "sixty arrive")


def refused_free(g: Grading) -> None:
    rule = Rule(2, 20, burst=2)
    expect_through(g, rule, list(range(45)), "somebody knocks each ms")


def expect_through(g: Grading, rule: Rule, arrivals: list[int], what: str) -> None:
    model = Bucket(rule)
    told = [model.ask(1, at) for at in arrivals]
    wanted = [each.allowed for each in told]
    seen = g.call("let_through", **rule._asdict(), arrivals=arrivals)
    if not isinstance(seen, list) or len(seen) != len(arrivals):
        raise Failed(
            f"{what}: there is not one answer for each", expected=len(arrivals), seen=repr(seen)[:80]
        )
    for number, (got, want) in enumerate(zip(seen, wanted, strict=True)):
        if got is not want:
            said, passed = told[number], zip(arrivals[:number], wanted, strict=False)
            before = ", ".join(str(at) for at, let_in in passed if let_in)
            room = f"for {said.remaining + 1}" if want else f"in {said.retry_after} ms"
            raise Failed(
                f"With {rule}, {what}; the answer for the arrival at {arrivals[number]} ms is wrong",
                expected=f"{want}: let through before were those at {before} ms; there is room {room}",
                seen=got,
            )


# --- task 2: a basket meets a limit ---


def asks(g: Grading) -> None:
    desk = Desk(g, sale=EVEN)
    for units in (2, 2, 1, 1):
        desk.expect(units)
    desk.wait(EVEN.period // EVEN.count)
    desk.expect(1)
    desk.wait(HOUR + 1)
    desk.expect(3)
    g.count(Desk(g, sale=EVEN).plain())


def all_or_nothing(g: Grading) -> None:
    desk = Desk(g, sale=EVEN)
    for units in (3, 3, 5, 2):
        desk.expect(units)
    desk = Desk(g, sale=EVEN)
    desk.expect(5)
    desk.wait(HOUR)
    for units in (4, 5, 3):
        desk.expect(units)


def comes_back(g: Grading) -> None:
    for rule in [UNEVEN, *(drawn(g) for _ in range(4))]:
        desk = Desk(g, sale=rule)
        desk.expect(rule.burst)
        for _ in range(3):
            units = g.random.randint(1, rule.burst)
            wait = desk.expect(units).retry_after
            if wait:
                desk.wait(wait - 1)
                desk.expect(units)
                desk.wait(1)
                desk.expect(units)
            desk.wait(g.random.randint(1, rule.period // rule.count))


def no_drift(g: Grading) -> None:
    for rule in (UNEVEN, MANY):
        desk = Desk(g, sale=rule)
        desk.at = began = 1  # a round number would need fewer digits
        desk.expect(rule.burst)
        for number in range(1, 29):
            desk.at = began + math.ceil(Fraction(number * rule.period, rule.count)) - 1
            desk.expect(1)
            desk.wait(1)
            desk.expect(1)


def never(g: Grading) -> None:
    desk = Desk(g, sale=EVEN)
    for units in (6, 3, 6, 2):
        desk.expect(units)


def expires(g: Grading) -> None:
    for first, then in ((2, 1), (1, 4), (5, 1), (6, 6)):
        desk, began = Desk(g, sale=EVEN), time.monotonic()
        desk.settles(first)
        wanted = desk.settles(then).reset_after
        what = f"Of 5 at once, {first} and then {then} are asked for, and what is kept"
        for name in g.backends.stock.scan_iter():
            left, passed = int(g.backends.stock.pttl(name)), (time.monotonic() - began) * 1000
            if left < 0:
                raise Failed(f"{what} never expires", expected=f"after {wanted:,} ms", seen="no expiry")
            if left < wanted - passed - 1:
                raise Failed(f"{what} expires too soon", expected=f"after {wanted:,} ms")
            if left > wanted + SECOND:
                raise Failed(f"{what} expires too late", expected=f"after {wanted:,} ms")
        g.backends.stock.flushall()


def other_process(g: Grading) -> None:
    desk = Desk(g, sale=EVEN)
    desk.expect(3)
    desk.box = g.new_box(actors=1)
    for units in (3, 2, 1):
        desk.expect(units, "another process")


def two_presses(g: Grading) -> None:
    def prepare() -> Scene:
        desk = Desk(g, sale=EVEN)
        desk.settles(2)
        return desk.scene

    def judge(_: Scene, run: Run) -> Sequence[Verdict]:
        passed = sum(let_in(run, actor) for actor in "AB")
        if passed > 1:
            return [broken("limit_kept", "3 units are left, and both baskets of 2 are let through")]
        return [] if passed else [broken("no_false_refusal", "3 units are left, and no basket of 2 gets in")]

    parts = [press(ANN, 2, {"sale": EVEN}), press(BOB, 2, {"sale": EVEN})]
    g.play(Meeting("two-presses", "Two baskets of 2 units, and room for 3", parts, prepare, judge))


# --- task 3: two limits at once ---


def both_limits(g: Grading) -> None:
    for _ in range(3):
        desk = Desk(g, sale=drawn(g, 6), buyer=drawn(g, 4))
        for _ in range(15):
            desk.expect(g.random.randint(1, 4), buyer=g.random.choice(list(BUYERS)))
            desk.wait(g.random.choice([0, 1, 10 * MINUTE, 37 * MINUTE]))
    desk = Desk(g, sale=Rule(3, HOUR, burst=3), buyer=Rule(3, HOUR, burst=5))
    for units in (4, 6, 1):
        desk.expect(units)
    desk = Desk(g, sale=Rule(6, HOUR, burst=6), buyer=Rule(3, HOUR, burst=3))
    for units, buyer in ((2, ANN), (2, ANN), (3, BOB), (2, ANN)):  # her limit refuses her; at last both do
        desk.expect(units, buyer=buyer)


def untouched(g: Grading) -> None:
    slow, fast = Rule(1, HOUR, burst=3), Rule(6, HOUR, burst=7)
    desk = Desk(g, sale=fast, buyer=slow)
    for units in (3, 1, 1, 2, 1):  # from the second on her own limit refuses her
        desk.settles(units)
    desk.settles(3, buyer=BOB)
    desk.settles(1, buyer=CID)
    desk = Desk(g, sale=fast, buyer=slow)
    for buyer in (BOB, CID):
        desk.settles(3, buyer=buyer)
    for _ in range(3):  # the sale's limit refuses her: one is left
        desk.settles(2)
    desk.wait(20 * MINUTE)
    desk.settles(3)


def no_false_refusal(g: Grading) -> None:
    rules = {"sale": Rule(6, HOUR, burst=4), "buyer": Rule(3, HOUR, burst=3)}

    def prepare() -> Scene:
        desk = Desk(g, **rules)
        desk.settles(3)
        return desk.scene

    def judge(_: Scene, run: Run) -> Sequence[Verdict]:
        if let_in(run, "A"):
            return [broken("limit_kept", "Ann is let through, though she has had her 3 units")]
        if not let_in(run, "B"):
            return [broken("no_false_refusal", "Bob is refused the last unit, which nobody has had")]
        return []

    parts = [press(ANN, 1, rules), press(BOB, 1, rules)]
    title = "Ann has had all that one buyer may have; one unit is left for the sale"
    g.play(Meeting("no-false-refusal", title, parts, prepare, judge))


def one_script(g: Grading) -> None:
    desk = Desk(g, sale=Rule(6, HOUR, burst=4), buyer=Rule(3, HOUR, burst=3))
    for what, units, buyer in (
        ("that is let through", 3, ANN),
        ("that the buyer's limit refuses", 1, ANN),
        ("that the sale's limit refuses", 2, BOB),
    ):
        desk.settles(units, buyer=buyer)
        if len(desk.sent) != 1 or desk.sent[0] not in SCRIPTS:
            raise Failed(
                f"For a press {what}, Redis is sent something else than one script",
                expected="EVALSHA",
                seen=", ".join(desk.sent) or "nothing",
            )


# --- what the checks share ---


class Said(NamedTuple):
    """What a limiter answers."""

    allowed: bool
    remaining: int
    retry_after: int
    reset_after: int

    def __str__(self) -> str:
        way = "let through" if self.allowed else "refused"
        times = f"retry_after {self.retry_after:,}, reset_after {self.reset_after:,}"
        return f"{way}, remaining {self.remaining}, {times}"


class Bucket:
    """A bucket of tokens, in exact fractions: what one limit has to answer as long as time goes forward."""

    def __init__(self, rule: Rule) -> None:
        self.rule, self.level, self.at = rule, Fraction(rule.burst), 0

    def look(self, at: int) -> Fraction:
        grown = Fraction((at - self.at) * self.rule.count, self.rule.period)
        self.level, self.at = min(Fraction(self.rule.burst), self.level + grown), at
        return self.level

    def take(self, units: int) -> None:
        self.level -= units

    def lasts(self, tokens: Fraction) -> int:
        """ms until so many tokens have come."""
        return max(0, math.ceil(tokens * self.rule.period / self.rule.count))

    def ask(self, units: int, at: int) -> Said:
        return together([self], units, at)


def together(buckets: Sequence[Bucket], units: int, at: int) -> Said:
    """What several limits have to answer."""
    waits = [each.lasts(units - each.look(at)) for each in buckets]
    if allowed := not any(waits):
        for each in buckets:
            each.take(units)
    never = any(units > each.rule.burst for each in buckets)
    reset = max(each.lasts(each.rule.burst - each.level) for each in buckets)
    return Said(allowed, min(int(each.level) for each in buckets), -1 if never else max(waits), reset)


class Desk:
    """A new sale with limits, a clock that is moved by hand, and the model of both."""

    def __init__(self, g: Grading, **rules: Rule) -> None:
        self.g, self.rules, self.box, self.at = g, rules, g.box, 0
        self.sale = 7000000 + g.random.randrange(1_000_000)
        self.sent = list[str]()  # the commands of the last press
        self._buckets = dict[str, Bucket]()
        self._story = list[str]()

    @property
    def scene(self) -> Scene:
        names = ("limit:all", *map("limit:{}".format, BUYERS))
        return Scene({"sale": self.sale} | {name: self.g.backends.keys(self.sale, name) for name in names})

    def wait(self, ms: int) -> None:
        self.at += ms

    def plain(self) -> Answer:
        """A press by the usual way, whose round trips can be counted."""
        return self.g.attempt("ask", **arguments(self.sale, ANN, 1, self.rules))

    def ask(self, units: int, buyer: int = ANN) -> Said:
        """What the student's code answers at this moment."""
        now = NOW + timedelta(milliseconds=self.at)
        answer = self.box.channels[0].call("ask", arguments(self.sale, buyer, units, self.rules), now=now)
        if isinstance(answer.error, NotStarted | StudentError):
            raise answer.error
        self.sent = [each.name for each in answer.sent]
        said = answer.value
        if not isinstance(said, dict) or not all(
            type(said.get(name)) in (int, bool) for name in Said._fields
        ):
            raise Failed(f"{self._told(units, buyer)}, and gets no answer", seen=str(answer.error or said))
        return Said(*(said[name] for name in Said._fields))

    def expect(self, units: int, where: str = "", buyer: int = ANN) -> Said:
        """`Failed` unless it answers what the model does."""
        seen, wanted = self.ask(units, buyer), self._work_out(units, buyer)
        if seen != wanted:
            asked = self._told(units, buyer) + (f", in {where}" if where else "")
            raise Failed(f"{asked}. The answer is wrong", expected=str(wanted), seen=str(seen))
        self._note(units, buyer, wanted)
        return wanted

    def settles(self, units: int, buyer: int = ANN) -> Said:
        """`Failed` unless it lets through and refuses as the model does, whatever numbers it tells."""
        seen, wanted = self.ask(units, buyer), self._work_out(units, buyer)
        if seen.allowed != wanted.allowed:
            words = {True: "let through", False: "refused"}
            raise Failed(self._told(units, buyer), expected=words[wanted.allowed], seen=words[seen.allowed])
        self._note(units, buyer, wanted)
        return wanted

    def _work_out(self, units: int, buyer: int) -> Said:
        names = {"sale": "sale", "buyer": f"buyer {buyer}"}
        buckets = [self._buckets.setdefault(names[name], Bucket(rule)) for name, rule in self.rules.items()]
        return together(buckets, units, self.at)

    def _note(self, units: int, buyer: int, said: Said) -> None:
        self._story.append(f"{BUYERS[buyer]} {units} at {self.at:,} ms: {'yes' if said.allowed else 'no'}")

    def _told(self, units: int, buyer: int) -> str:
        rules = "; ".join(f"{name} {rule}" for name, rule in self.rules.items())
        earlier = f"{len(self._story) - 6} presses, then " if len(self._story) > 6 else ""
        before = f". So far: {earlier}{', '.join(self._story[-6:])}" if self._story else ""
        return f"Limits: {rules}{before}. At {self.at:,} ms {BUYERS[buyer]} asks for {units}"


def arguments(sale: int, buyer: int, units: int, rules: dict[str, Rule]) -> dict[str, Any]:
    return {"sale_id": sale, "buyer_id": buyer, "units": units, "rules": rules}


def press(buyer: int, units: int, rules: dict[str, Rule]) -> Part:
    return Part(BUYERS[buyer], "ask", lambda scene: arguments(scene["sale"], buyer, units, rules))


def let_in(run: Run, actor: str) -> bool:
    outcome = run.outcomes[actor]
    return isinstance(outcome, dict) and outcome.get("allowed") is True


def drawn(g: Grading, burst: int = 5) -> Rule:
    return Rule(g.random.randint(1, 9), g.random.randint(1, 5) * HOUR, g.random.randint(2, burst))
