"""The checks of hw07. They run on the grader's side; the student's code only answers.

What a turn has done is read in MariaDB and in the journals. What would have been fair is worked out here,
from what waited before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from string import ascii_uppercase

from pymysql import MySQLError

from common.proof.oracle import Verdict
from homework.grader.authoring import Answer, Failed, Grading, Part, Scene, StudentError, beside, broken
from homework.grader.sandbox import NotStarted, Sandbox
from homework.grader.servers import EVERYTHING, STUDENT

journals = beside(__file__, "journals")
counted, told = journals.counted, journals.told
ONE, NEXT, DEAD, LIVING = "this-one", "next-one", "dead-one", "living-one"
NAMES = [*ascii_uppercase, *(2 * letter for letter in ascii_uppercase)]
MOST_STEPS = 8  # round trips of a turn
MOST_BYTES = 64 << 10  # that Redis may send in a turn of 30 places, our own questions included
MOST_TURNS = 8  # that another consumer gets, to end what a dead one left: two would do

# --- task 1 ---


def even(g: Grading) -> None:
    expect_shares(g, {"tea": 50, "cup": 50, "lamp": 50}, 9)
    expect_shares(g, {"tea": 100_000, "cup": 7}, 4)


def small_sales(g: Grading) -> None:
    expect_shares(g, {"tea": 100_000, "cup": 2, "lamp": 3}, 15)
    expect_shares(g, {"cup": 2, "tea": 100_000, "lamp": 5, "pot": 90}, 21)
    expect_shares(g, {"tea": 4, "cup": 2}, 100)
    for _ in range(20):
        waiting = {name: g.random.choice((0, 1, 5, 40, 5000)) for name in NAMES[: g.random.randint(1, 9)]}
        expect_shares(g, waiting, g.random.randint(0, 200))


def leftovers(g: Grading) -> None:
    expect_shares(g, {"tea": 9, "cup": 9, "lamp": 9}, 8, exactly=True)
    expect_shares(g, {"lamp": 9, "tea": 9, "cup": 9}, 7, exactly=True)
    expect_shares(g, {"pot": 0, "tea": 9, "cup": 1, "lamp": 9}, 2, exactly=True)
    expect_shares(g, {"tea": 9, "cup": 1}, 0, exactly=True)
    expect_shares(g, {}, 5, exactly=True)


# --- task 2 ---


def a_batch(g: Grading) -> None:
    desk = Desk(g, tea=5, cup=3)
    g.count(desk.turn("5 teas and 3 cups wait, and there are 100 places", 100))
    desk.expect_gone("All that waited is written")
    desk.turn("Nothing waits, and there are 100 places", 100)
    desk.add("cup", 2)
    desk.turn("2 more cups are ordered, and there are 100 places", 100)
    desk.expect_gone("All that waited is written")


def nobody_starves(g: Grading) -> None:
    small, turns, places = ("cup", "kettle", "lamp", "pot"), 10, 40
    desk, late = Desk(g, cup=6, tea=100_000, kettle=3, lamp=1, pot=0), Counter[str]()
    what = "tea has 100,000 entries, four other sales have 8 at most"
    for turn in range(turns):
        for name in small if turn else ():
            desk.add(name, g.random.randint(0, places // 5) if name not in late else 0)
        desk.attempt(what, places)
        late.update(name for name in desk.waiting() if name in small)
    if late:
        name, longest = late.most_common(1)[0]
        raise Failed(
            f"{what}, and they wait for tea",
            expected=f"with {places} places, what the four have is written in the next turn",
            seen=f"{name} waits for {longest} of {turns} turns; written: {told(desk.done())}",
        )
    if sum(desk.done().values()) != turns * places:
        raise Failed(
            f"{what}, and the turns do not write as much as there are places",
            expected=f"{turns * places} entries in {turns} turns",
            seen=told(desk.done()),
        )


def takes_no_more(g: Grading) -> None:
    desk = Desk(g, tea=20_000, cup=20_000, kettle=4)
    before = sent_by_redis(g)
    desk.attempt("A turn with 30 places", 30)
    sent = sent_by_redis(g) - before
    if held := counted({name: desk.held(name) for name in desk.sales}):
        raise Failed(
            "A turn took entries that it did not write: they are handed out, and nobody is at work on them",
            expected="nothing handed out",
            seen=told(held),
        )
    if sent > MOST_BYTES:
        raise Failed(
            "In a turn with 30 places Redis sends what waits, and not only what is taken",
            expected=f"{MOST_BYTES >> 10} KB at most",
            seen=f"more than {sent // 1_000_000} MB",
        )


def round_trips(g: Grading) -> None:
    few, many = Desk(g, **sales(3, 5)), Desk(g, **sales(40, 5))
    took = [len(desk.attempt("A turn with 60 places", 60).steps) for desk in (few, many)]
    if max(took) > MOST_STEPS:
        raise Failed(
            "A turn takes too many round trips",
            expected=f"{MOST_STEPS} at most, for 3 sales as for 40",
            seen=f"{took[0]} for 3 sales, {took[1]} for 40",
        )


def rotation(g: Grading) -> None:
    other = g.new_box(actors=1)
    for many, places in ((10, 4), (3, 7)):
        desk = Desk(g, **sales(many, 60))
        what = f"{many} sales have 60 entries each, and there are {places} places"
        for turn in range(1, 10):
            desk.turn(f"{what}: turn {turn}", places, box=other if turn % 2 else None)
            desk.expect_abreast(f"{what}: after turn {turn}", desk.sales)


# --- task 3 ---


def left_behind(g: Grading) -> None:
    desk = Desk(g, tea=200, cup=200, lamp=200)
    desk.hand_out("tea", DEAD, 60, dead=True)
    what = "200 of each sale are not written, 60 of tea were left by a dead consumer, and there are 30 places"
    for turn in range(1, 9):
        desk.turn(f"{what}: turn {turn}", 30)


def living(g: Grading) -> None:
    desk = Desk(g, tea=40, cup=100, kettle=5)
    held = desk.hand_out("tea", LIVING, 40, dead=False)
    what = "A living consumer is at work on all 40 teas, 100 cups and 5 kettles wait, and there are 30 places"
    waiting = desk.waiting() | {"tea": 0}
    desk.attempt(what, 30)
    if lost := set(held) - set(desk.held("tea", LIVING)):
        raise Failed(f"{what}: it is robbed", expected="40 teas are its own", seen=f"{40 - len(lost)} are")
    desk.judge(what, 30, waiting, dict.fromkeys(desk.sales, 0))


def commit_first(g: Grading) -> None:
    desk = Desk(g, tea=20, cup=4)
    with g.db() as db:
        db.run("RENAME TABLE written TO written_away")
    answer = g.attempt("turn", **desk.arguments(ONE, 10))
    with g.db() as db:
        db.run("RENAME TABLE written_away TO written")
    what = "MariaDB refuses the batch"
    if missing := desk.missing():
        seen = f"lost: {told(missing)}"
        raise Failed(f"{what}, and the journals forget it", expected="nothing lost", seen=seen)
    if not isinstance(answer.error, MySQLError):
        raise Failed(f"{what}, and nobody is told", expected="the error of `write`", seen=said(answer))


def killed(g: Grading) -> None:
    made = list[Desk]()

    def prepare() -> Scene:
        made.append(Desk(g, tea=6, cup=4, lamp=4))
        made[-1].hand_out("tea", DEAD, 3, dead=True)
        return Scene(made[-1].sales)

    part = Part("a consumer", "turn", lambda _: made[-1].arguments(ONE, 9))
    if not g.crash(part, prepare, lambda _: after_a_kill(made[-1])):
        raise Failed("A turn takes no round trip that we could see")


def after_a_kill(desk: Desk) -> Sequence[Verdict]:
    """Time passes, and another consumer goes on until the journals are empty."""
    desk.grow_old()
    for _ in range(MOST_TURNS):
        if any(map(desk.length, desk.sales)):
            desk.attempt("Another consumer goes on", 9, consumer=NEXT)
    if lost := desk.waiting():
        return [broken("nothing_lost", f"another consumer goes on, and {told(lost)} are never written")]
    if any(map(desk.length, desk.sales)):
        return [broken("nothing_left", "another consumer goes on, and what is written stays in the journals")]
    return []


# --- what the checks share ---


class Desk(journals.Journals):  # type: ignore[misc, name-defined]
    """One check's journals, and turns of the student's consumer, judged by what is written after them."""

    def __init__(self, g: Grading, /, **waiting: int) -> None:
        super().__init__(g.backends, 7_100_000 + g.random.randrange(800_000), **waiting)
        self._g = g
        with g.db() as db:
            db.run(f"GRANT {EVERYTHING} ON written TO {STUDENT}")

    def done(self) -> dict[str, int]:
        """How many entries of each sale are written."""
        return {name: len(rows) for name, rows in self.written().items()}

    def waiting(self) -> dict[str, int]:
        """How many are not, of the sales that have such."""
        left = {name: self.added[name] - done for name, done in self.done().items()}
        return {name: count for name, count in left.items() if count}

    def attempt(self, what: str, places: int, *, consumer: str = ONE, box: Sandbox | None = None) -> Answer:
        """A turn. `Failed` when it ends with an error."""
        arguments = self.arguments(consumer, places)
        if box is None:
            answer = self._g.attempt("turn", **arguments)
        else:
            answer = box.channels[0].call("turn", arguments)
        if isinstance(answer.error, NotStarted | StudentError):
            raise answer.error
        if answer.error:
            raise Failed(f"{what}, and the turn ends with an error", expected="none", seen=said(answer))
        return answer

    def turn(self, what: str, places: int, *, box: Sandbox | None = None) -> Answer:
        """A turn that must write a fair share of each sale."""
        waiting, before = self.waiting(), self.done()
        answer = self.attempt(what, places, box=box)
        self.judge(what, places, waiting, before)
        return answer

    def judge(self, what: str, places: int, waiting: Mapping[str, int], before: Mapping[str, int]) -> None:
        """`Failed` unless what was written since `before` is a fair share, and the oldest of each sale."""
        written = self.written()
        got = {name: len(rows) - before[name] for name, rows in written.items()}
        if unfair(waiting, got, places):
            expected = f"written: {told(fair(waiting, places))}"
            raise Failed(what, expected=expected, seen=f"written: {told(got)}")
        for name, rows in written.items():
            if set(rows) != set(range(len(rows))):
                raise Failed(
                    f"{what}: younger entries of {name} overtake older ones",
                    expected=f"the {len(rows)} oldest written",
                    seen=f"{len(rows) - len(set(rows) & set(range(len(rows))))} of {len(rows)} are younger",
                )

    def expect_gone(self, what: str) -> None:
        """Nothing is in the journals, nothing is handed out, and nothing was written more than once."""
        if lengths := counted({name: range(self.length(name)) for name in self.sales}):
            raise Failed(f"{what}, and stays in the journals", expected="empty journals", seen=told(lengths))
        if twice := self.twice():
            raise Failed(f"{what}, and more than once", expected="once", seen=f"twice: {told(twice)}")

    def expect_abreast(self, what: str, names: Iterable[str]) -> None:
        """Of these sales, which always had more than they got, none is more than one entry ahead."""
        done = {name: count for name, count in self.done().items() if name in names}
        if max(done.values()) - min(done.values()) > 1:
            raise Failed(
                f"{what} a sale is more than one entry ahead of another",
                expected=f"written: {min(done.values())} or {min(done.values()) + 1} of each",
                seen=f"written: {told(done)}",
            )


def sales(many: int, entries: int) -> dict[str, int]:
    """So many sales with so many entries each: A, B … Z, AA …"""
    return dict.fromkeys(NAMES[:many], entries)


def expect_shares(g: Grading, waiting: Mapping[str, int], places: int, *, exactly: bool = False) -> None:
    """`share` answers with a fair share; `exactly`: the places left over go to those that come first."""
    ids = {name: len(waiting) - at for at, name in enumerate(waiting)}  # the first has the highest
    asked = [(ids[name], count) for name, count in waiting.items()]
    answer = g.call("share_out", waiting=asked, places=places)
    try:
        shares = {int(sale): int(count) for sale, count in answer}
    except (TypeError, ValueError):
        shares = {}
    got = {name: shares.get(sale, 0) for name, sale in ids.items()}
    if unfair(waiting, got, places) or (exactly and got != fair(waiting, places)):
        raise Failed(
            f"Waiting are {told(waiting)}, and there are {places} places",
            expected=told(fair(waiting, places)),
            seen=told(got),
        )


def fair(waiting: Mapping[str, int], places: int) -> dict[str, int]:
    """One place after the other, in turn, as long as there are any."""
    got = dict.fromkeys(waiting, 0)
    while wanting := [name for name in waiting if got[name] < waiting[name]][:places]:
        got.update({name: got[name] + 1 for name in wanting})
        places -= len(wanting)
    return got


def unfair(waiting: Mapping[str, int], got: Mapping[str, int], places: int) -> bool:
    """Whether places are empty or too few, or a sale that waits is more than one behind another."""
    if any(not 0 <= count <= waiting.get(name, 0) for name, count in got.items()):
        return True
    short = [got[name] for name, count in waiting.items() if got[name] < count]
    return sum(got.values()) != sum(fair(waiting, places).values()) or (
        bool(short) and max(got.values()) > min(short) + 1
    )


def sent_by_redis(g: Grading) -> int:
    """How many bytes Redis has sent to whomever, as it says itself."""
    return int(g.backends.stock.info("stats")["total_net_output_bytes"])


def said(answer: Answer) -> str:
    return f"{type(answer.error).__name__}: {answer.error}" if answer.error else "no error"
