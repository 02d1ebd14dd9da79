"""The checks of hw10. They run on the grader's side; the student's code only answers.

The courier and the clock are the grader's too: what was sent, and when, is not what the student's code says,
but what arrived.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from common.proof.oracle import Verdict
from common.proof.schedule import Run
from homework.grader.authoring import (
    Answer,
    Failed,
    Grading,
    Meeting,
    Part,
    Scene,
    StudentError,
    beside,
    broken,
)
from homework.grader.sandbox import NotStarted, Sandbox

courier = beside(__file__, "courier")
Reply = courier.Reply
FIRST, LONGEST, SHORTEST = 100, 2000, 50  # ms, as in pause.py
TRIES, TRY = 3, 400  # as in caller.py
KEEP, SECOND = 3_600_000, 1000  # ms
PLENTY = 30_000  # ms: the time of a call that is in no hurry
SCRIPTS = {"EVALSHA", "EVAL", "FCALL"}
BODY, KEY = "a parcel for Ann", "order-1"
YES, NO, BUSY, LOST, HANGS = Reply("yes"), Reply("no"), Reply("busy"), Reply("lost"), Reply("lost", 60_000)


# --- task 1: a pure function ---


def doubles(g: Grading) -> None:
    for tries, draw in ((1, 0.0), (1, 0.5), (2, 0.5), (3, 0.875), (5, 0.25), (6, 0.25), (3000, 0.25)):
        expect_pause(g, tries, PLENTY, 0, draw)
    for _ in range(20):
        expect_pause(g, g.random.randint(1, 9), PLENTY, 0, drawn(g))


def retry_after(g: Grading) -> None:
    for asked in (30, 1000, g.random.randint(2001, 9000)):
        for draw in (0.0, 0.5, 0.875):
            expect_pause(g, g.random.randint(1, 4), PLENTY, asked, draw)


def no_time(g: Grading) -> None:
    for asked, draw in ((0, 0.0), (0, 0.5), (300, 0.0), (700, 0.0)):
        wait = asked + int(draw * FIRST)
        for left in (wait + SHORTEST, wait + SHORTEST - 1, wait, 0, -5):
            expect_pause(g, 1, left, asked, draw)


def expect_pause(g: Grading, tries: int, left: int, asked: int, draw: float) -> None:
    wait = asked + int(draw * (LONGEST if tries > 5 else FIRST * 2 ** (tries - 1)))
    wanted = wait if left - wait >= SHORTEST else None
    seen = ask(g.box, "pause", tries=tries, left=left, retry_after=asked, draw=draw).value
    if seen != wanted or type(seen) is not type(wanted):
        what = f"the answer of pause(tries={tries}, left={left}, retry_after={asked}, draw={draw}) is wrong"
        raise Failed(what, expected=repr(wanted), seen=repr(seen))


# --- task 2: a budget that all processes share ---


def one_in_ten(g: Grading) -> None:
    desk = Desk(g)
    for per in (10, 3, 7, g.random.randint(11, 25)):
        desk.to, firsts, made = desk.new_budget(), 0, 0
        tries = ["retry", *["first"] * (per - 1), "retry", "first", "retry", "retry"]
        tries += g.random.choices(["first", "retry"], [2 * per, 3], k=10 * per)
        for each, said in zip(tries, desk.budget(*tries, per=per, most=1000), strict=True):
            if each == "first":
                firsts += 1
                continue
            wanted = firsts >= (made + 1) * per
            what = f"{per} first tries earn a retry. After {firsts} of them and {made} retries, one is wanted"
            expect(what, WORDS[wanted], WORDS[said])
            made += wanted
        g.backends.stock.flushall()


def own_bucket(g: Grading) -> None:
    desk = Desk(g)
    desk.save(1)
    for to, which, wanted in ((desk.new_budget(), "other", 0), (desk.to, "one", 1)):
        desk.to = to
        what = f"For one service a retry has been earned, and for another one none. The {which} wants retries"
        desk.expect_saved(what, wanted)


def other_process(g: Grading) -> None:
    desk, box = Desk(g), g.new_box(actors=1)
    desk.budget(*["first"] * 7)
    desk.budget(*["first"] * 3, box=box)
    desk.expect_saved("One process has made 7 first tries and another one 3. The other wants retries", 1, box)
    desk.expect_saved("Of 10 first tries another process has spent the retry. The first wants retries", 0)


def no_hoard(g: Grading) -> None:
    desk = Desk(g)
    for per, most in ((10, 10), (4, 3)):
        desk.to = desk.new_budget()
        desk.budget(*["first"] * (per * (most + 7) + 1), per=per, most=most)
        what = f"At most {most} retries are saved up, and {most + 7} have been earned. All are wanted"
        desk.expect_saved(what, most, per=per, most=most)


def one_token(g: Grading) -> None:
    def judge(_: Scene, run: Run) -> Sequence[Verdict]:
        granted = sum(run.outcomes[actor] == [True] for actor in "AB")
        if granted > 1:
            return [broken("within_budget", "both of them make it")]
        return [] if granted else [broken("nothing_lost", "nobody makes it")]

    desk = Desk(g)
    title = "Two processes want to try again, and one retry has been earned"
    g.play(Meeting("one-token", title, two("retry"), lambda: desk.scene(10), judge))


def both_earn(g: Grading) -> None:
    def judge(scene: Scene, _: Run) -> Sequence[Verdict]:
        desk.to = scene["the courier"]
        if desk.budget("retry") != [True]:
            return [broken("nothing_lost", "that is ten first tries, and they have earned no retry")]
        return []

    desk = Desk(g)
    title = "After eight first tries two processes make one more each"
    g.play(Meeting("both-earn", title, two("first"), lambda: desk.scene(8), judge))


def two(what: str) -> list[Part]:
    def arguments(scene: Scene) -> dict[str, Any]:
        return {"to": scene["the courier"], "what": [what]}

    return [Part("one process", "budget", arguments), Part("another process", "budget", arguments)]


def one_script(g: Grading) -> None:
    desk = Desk(g)
    desk.save(1)
    for which, tried in (
        ("a first try", "first"),
        ("a retry that may be made", "retry"),
        ("a retry that may not", "retry"),
    ):
        sent = [each.name for each in ask(g.box, "budget", to=desk.to, what=[tried]).sent]
        if len(sent) != 1 or sent[0] not in SCRIPTS:
            what = f"For {which}, Redis is sent something else than one script"
            raise Failed(what, expected="EVALSHA", seen=", ".join(sent) or "nothing")


def forgotten(g: Grading) -> None:
    desk, ten = Desk(g), ["first"] * 10
    for story, tries in (
        ("a first try", ["first"]),
        ("ten first tries and a retry", [*ten, "retry"]),
        ("ten first tries, a retry, and one that may not be made", [*ten, "retry", "retry"]),
        ("a retry that may not be made", ["retry"]),
    ):
        began = time.monotonic()
        desk.budget(*tries)
        for name in g.backends.stock.scan_iter():
            left, passed = int(g.backends.stock.pttl(name)), (time.monotonic() - began) * 1000
            if not KEEP - passed - 1 <= left <= KEEP + SECOND:
                what = f"After {story}, what is kept expires at the wrong time"
                seen = "never" if left < 0 else f"after {left // SECOND:,} s"
                raise Failed(what, expected="after 3,600 s", seen=seen)
        g.backends.stock.flushall()


# --- task 3: in the time that is left ---


def answers(g: Grading) -> None:
    desk = Desk(g)
    for key in (KEY, None):
        call = desk.send(YES, key=key)
        expect(call.what, "parcel P1", call.end)
        call.expect_requests(1)
        expect(
            f"{call.what}. What is sent",
            f"{BODY!r}, key {key}",
            f"{call.requests[0].body!r}, key {call.requests[0].key}",
        )
    g.count(desk.answer)


def three_tries(g: Grading) -> None:
    desk = Desk(g)
    desk.save(9)
    for plan, requests, end in (
        ([BUSY, YES], 2, "parcel P1"),
        ([BUSY, BUSY, YES], 3, "parcel P1"),
        ([BUSY, BUSY, BUSY, YES], 3, "a Failure"),
    ):
        call = desk.send(*plan)
        call.expect_requests(requests)
        expect(call.what, end, call.end)


def final_no(g: Grading) -> None:
    desk = Desk(g)
    desk.save(2)
    for plan, requests in (([NO, YES], 1), ([BUSY, NO, YES], 2)):
        call = desk.send(*plan)
        call.expect_requests(requests)
        expect(call.what, "No", call.end)


def same_key(g: Grading) -> None:
    desk = Desk(g)
    desk.save(9)
    for plan, key, requests, end in (
        ([LOST, YES], KEY, 2, "parcel P1"),
        ([HANGS, BUSY, YES], KEY, 3, "parcel P1"),
        ([LOST, YES], None, 1, "a Failure"),
        ([HANGS, YES], None, 1, "a Failure"),
        ([BUSY, YES], None, 2, "parcel P1"),
        ([BUSY, LOST, YES], None, 2, "a Failure"),
    ):
        call = desk.send(*plan, key=key)
        expect(f"{call.what}. The number of parcels is wrong", 1, len(desk.courier.parcels))
        call.expect_requests(requests)
        expect(call.what, end, call.end)


def what_is_left(g: Grading) -> None:
    desk = Desk(g)
    desk.save(9)
    for within, plan in (
        (1000, [HANGS]),
        (250, [HANGS]),
        (300, [BUSY, HANGS]),
        (g.random.randint(900, 1100), [Reply("busy", g.random.randint(100, 300)), HANGS]),
        (g.random.randint(500, 900), [Reply("busy", g.random.randint(100, 390), retry_after=90), HANGS]),
    ):
        desk.send(*plan, within=within, draw=0.25).expect_time_of_each()


def too_late(g: Grading) -> None:
    desk = Desk(g)
    desk.save(9)
    for plan, within, requests, ended in (
        ([YES], 49, 0, 0),
        ([YES], 50, 1, 20),
        ([Reply("busy", retry_after=300), YES], 369, 1, 20),
        ([Reply("busy", retry_after=300), YES], 370, 2, 340),
        ([HANGS, YES], 430, 1, 400),
    ):
        call = desk.send(*plan, within=within)
        call.expect_requests(requests)
        expect(f"{call.what}. It ends at the wrong time", f"after {ended} ms", f"after {call.ended} ms")
    desk.send(YES, within=0)
    expect("A call has no time left at all. Redis is sent", "nothing", ", ".join(desk.sent) or "nothing")


def waits(g: Grading) -> None:
    desk = Desk(g)
    desk.save(9)
    for draw in (0.0, 0.25, 0.875, drawn(g)):
        asked = g.random.randint(200, 900)
        call = desk.send(BUSY, Reply("busy", retry_after=asked), YES, draw=draw)
        call.expect_requests(3)
        first, second, third = (each.at for each in call.requests)
        wanted = [int(draw * FIRST), asked + int(draw * 2 * FIRST)]
        seen = [second - first - BUSY.took, third - second - BUSY.took]
        what = f"{call.what}. The pauses are wrong"
        expect(what, "{} ms, {} ms".format(*wanted), "{} ms, {} ms".format(*seen))


def gives_up(g: Grading) -> None:
    desk = Desk(g)
    desk.save(10)
    for plan, end in (
        ([BUSY], "Failure(unknown=False, retry_after=0)"),
        ([BUSY, BUSY, Reply("busy", retry_after=70)], "Failure(unknown=False, retry_after=70)"),
        ([LOST, BUSY], "Failure(unknown=True, retry_after=0)"),
        ([BUSY, LOST, Reply("busy", retry_after=90)], "Failure(unknown=True, retry_after=90)"),
        ([BUSY, BUSY, LOST], "Failure(unknown=True, retry_after=0)"),
    ):
        call = desk.send(*plan, draw=0.5)
        call.expect_requests(3)
        expect(call.what, end, call.told)
        call.expect_end_at_once()
    desk.to = desk.new_budget()
    call = desk.send(BUSY, draw=0.5)
    call = call._replace(what=f"{call.what}, and no retry has been earned")
    call.expect_requests(1)
    expect(call.what, "Failure(unknown=False, retry_after=0)", call.told)
    call.expect_end_at_once()


def dead(g: Grading) -> None:
    desk, boxes = Desk(g), [g.box, g.new_box(actors=1)]
    desk.courier.begin(BUSY)
    for number in range(100):
        desk.call("send", box=boxes[number % 3 == 0], key=f"order-{number}")
    what = "The courier is always busy. 100 calls by two processes earn 10 retries"
    expect(f"{what}. The number of requests is wrong", 110, len(desk.courier.requests))


def no_waste(g: Grading) -> None:
    desk = Desk(g)
    for what, saved, plan, within, key in (
        ("is answered no", 1, NO, PLENTY, KEY),
        ("hears nothing, and has no time left", 1, HANGS, 430, KEY),
        ("is told to come back when it is too late", 1, Reply("busy", retry_after=900), 900, KEY),
        ("hears nothing, and has no key", 1, LOST, PLENTY, None),
        ("tries three times", 3, BUSY, PLENTY, KEY),
    ):
        desk.to = desk.new_budget()
        desk.save(saved)
        desk.send(plan, within=within, key=key)
        desk.expect_saved(f"{saved} had been earned. A call {what}. Then retries are wanted", 1)


def redis_gone(g: Grading) -> None:
    desk = Desk(g)
    for plan, end in (([YES], "parcel P1"), ([BUSY, YES], "a Failure")):
        call = desk.send(*plan, redis=False)
        what = f"{call.what}, and Redis is gone"
        expect(what, f"1 request, then {end}", f"{count(len(call.requests))}, then {call.end}")


# --- task 4: several services, one above the other ---


def told_not_to(g: Grading) -> None:
    desk = Desk(g)
    desk.save(9)
    for plan in ([Reply("busy", again=False), YES], [BUSY, Reply("lost", again=False), YES]):
        desk.send(*plan).expect_requests(len(plan) - 1)


def three_layers(g: Grading) -> None:
    desk = Desk(g)
    budgets = [desk.new_budget() for _ in range(3)]
    for plan, requests, end in (
        ([BUSY], 3, "a Failure"),
        ([LOST], 3, "a Failure"),
        ([BUSY, YES], 2, "parcel P1"),
    ):
        for desk.to in budgets:
            desk.save(9)
        call = desk.send(*plan, layers=budgets)
        call.expect_requests(requests)
        expect(call.what, end, call.end)


# --- what the checks share ---

WORDS = {True: "it may be made", False: "it may not"}


def drawn(g: Grading) -> float:
    """From 0 up to 1, such that no product with it is rounded."""
    return g.random.randrange(64) / 64


def expect(what: str, wanted: object, seen: object) -> None:
    if seen != wanted:
        raise Failed(what, expected=wanted, seen=seen)


def count(requests: int) -> str:
    return f"{requests} request{'s' * (requests != 1)}"


def ask(box: Sandbox, function: str, **arguments: Any) -> Answer:
    """What the student's code came to. `Failed` when a server said no to it."""
    answer = box.channels[0].call(function, arguments)
    if isinstance(answer.error, NotStarted | StudentError):
        raise answer.error
    if answer.error:
        raise Failed("your code is called, and ends with an error", seen=str(answer.error))
    return answer


class Call(NamedTuple):
    """One call to the courier, and what came of it. Times are ms since it began."""

    what: str
    plan: Sequence[Any]
    within: int
    said: dict[str, Any]
    requests: Sequence[Any]
    ended: int

    @property
    def end(self) -> str:
        """How it ended, in a word or two."""
        match self.said:
            case {"parcel": parcel}:
                return f"parcel {parcel}"
            case {"no": _}:
                return "No"
        return "a Failure"

    @property
    def told(self) -> str:
        """How it ended, with what a failure says."""
        match self.said:
            case {"unknown": unknown, "retry_after": retry_after}:
                return f"Failure(unknown={bool(unknown)}, retry_after={retry_after})"
        return self.end

    def expect_requests(self, wanted: int) -> None:
        expect(
            f"{self.what}. The number of requests that reach it is wrong",
            count(wanted),
            count(len(self.requests)),
        )

    def expect_time_of_each(self) -> None:
        """Each try was given what was left, and no more than `TRY`."""
        for number, each in enumerate(self.requests, start=1):
            left = self.within - each.at
            what = f"{self.what}. Try {number} begins when {left} ms are left"
            expect(what, f"it waits {min(left, TRY)} ms", f"it waits {each.within} ms")

    def expect_end_at_once(self) -> None:
        """It ended when the last reply was there, or would have been."""
        last = self.requests[-1]
        reply = self.plan[min(len(self.requests), len(self.plan)) - 1]
        wanted = last.at + min(reply.took, last.within)
        what = f"{self.what}. There is no further try, and the call does not end at once"
        expect(what, f"after {wanted} ms", f"after {self.ended} ms")


class Desk:
    """One check's courier, and a budget that nobody has used before."""

    def __init__(self, g: Grading) -> None:
        self.g, self.sent = g, list[str]()
        self.to = self.new_budget()
        folder = Path(g.open.enter_context(tempfile.TemporaryDirectory(prefix="seckill-courier-")))
        folder.chmod(0o755)
        g.bind["/run/courier"] = folder
        self.courier = g.open.enter_context(courier.Courier(folder / "courier.sock"))

    def new_budget(self) -> str:
        return f"courier-{self.g.random.randrange(10**9):09}"

    def scene(self, firsts: int) -> Scene:
        """A new budget, for which so many first tries have been made."""
        self.to = self.new_budget()
        self.budget(*["first"] * firsts)
        return Scene(
            {"the courier": self.to, "its bucket": self.g.backends.keys.shared(f"retries:{self.to}")}
        )

    def budget(self, *tries: str, box: Sandbox | None = None, **rule: int) -> list[bool]:
        """What the budget says to each of these tries, in turn."""
        said = ask(box or self.g.box, "budget", to=self.to, what=tries, **rule).value
        if not isinstance(said, list) or [type(each) for each in said] != [bool] * len(tries):
            raise Failed(
                "the budget does not answer each try",
                expected=f"{len(tries)} times yes or no",
                seen=repr(said)[:80],
            )
        return said

    def save(self, retries: int) -> None:
        """Make the first tries that earn so many retries."""
        self.budget(*["first"] * (10 * retries))

    def expect_saved(self, what: str, wanted: int, box: Sandbox | None = None, **rule: int) -> None:
        """Spend what is saved up; `Failed` unless it was so many retries."""
        seen = sum(self.budget(*["retry"] * (wanted + 2), box=box, **rule))
        expect(what, f"{wanted} granted", f"{seen} granted")

    def call(self, function: str, *, box: Sandbox | None = None, **arguments: Any) -> Answer:
        """A call to the courier, whatever it does just now."""
        box = box or self.g.box
        path = f"{box.path('/run/courier')}/courier.sock"
        usual = {"path": path, "to": self.to, "key": KEY, "within": PLENTY}
        return ask(box, function, **usual | arguments)

    def send(self, *plan: Any, layers: Sequence[str] = (), **arguments: Any) -> Call:
        """One call to a courier that answers so, and in the same way for ever after the last."""
        self.courier.begin(*plan)
        began = self.courier.at
        if layers:
            self.answer = self.call("send_through", to=layers, work=30, **arguments)
        else:
            self.answer = self.call("send", **arguments)
        self.sent = [each.name for each in self.answer.sent]
        said = self.answer.value
        if not isinstance(said, dict):
            raise Failed("your process answers with something that is no answer", seen=repr(said)[:80])
        requests = [each._replace(at=each.at - began) for each in self.courier.requests]
        within = arguments.get("within", PLENTY)
        how = [f"{within:,} ms"] + ["no key"] * (arguments.get("key", KEY) is None)
        if draw := arguments.get("draw"):
            how.append(f"{draw} drawn")
        who = f"A call with {' and '.join(how)}" + (", through three services," if layers else "")
        what = f"{who} meets a courier: {'; '.join(map(str, plan))}"
        return Call(what, plan, within, said, requests, self.courier.at - began)
