"""The checks of hw03. They run on the grader's side; the student's code only answers.

A sale is warmed 61 seconds before `NOW` unless said otherwise, so that its copy is due at `NOW`. Its price is
changed in the ledger behind the shop's back: old and new copy can be told apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any, NamedTuple

from common.catalog import find_sale
from common.proof.oracle import Verdict
from common.proof.scenario import NOW
from common.proof.schedule import Run
from common.proof.steps import Step
from homework.grader.authoring import Answer, Failed, Grading, Meeting, Part, Scene, StudentError, broken
from homework.grader.inside import plain
from homework.grader.sandbox import NotStarted, Sandbox
from homework.grader.servers import STUDENT

FRESH, LEASE = 60, 20  # seconds
OLD, NEW = 100, 70  # prices
SALE = "the sale"
MOST_TRIPS = 4  # of a reader who fetches nothing: with WATCH, or with a second look, it takes so many


def warm_read(g: Grading) -> None:
    scene = warmed(g, at=0)
    with g.db() as db:
        expected = plain(asdict(find_sale(db, scene[SALE]) or scene))
    seen = look(g, scene, at=FRESH - 1)
    told = seen.value if isinstance(seen.value, dict) else {}
    wrong = [name for name in expected if told.get(name) != expected[name]]
    if wrong:
        raise Failed(
            "A warmed sale is read, and is not what was kept",
            expected={name: expected[name] for name in wrong},
            seen={name: told.get(name) for name in wrong} if told else seen.value,
        )
    expect_selects(seen, 0, "A warmed sale is read 59 seconds later")
    g.count(seen.answer)


def not_warmed(g: Grading) -> None:
    scene = Scene({SALE: g.new_sale("Tea", 5)})
    before = keys(g)
    expect(look(g, scene), OLD, "A sale that nobody warmed is read")
    expect_same_keys(g, before, "a sale that nobody warmed")
    nothing = look(g, Scene({SALE: scene[SALE] + 1}))
    expect(nothing, None, "An id that no sale has is read")
    expect_same_keys(g, before, "an id that no sale has")


def rebuilds(g: Grading) -> None:
    scene = warmed(g, at=0)
    reprice(g, scene)
    early = look(g, scene, at=FRESH - 1)
    expect(early, OLD, "The copy is read after 59 seconds, one before it is due")
    expect_selects(early, 0, "The copy is read after 59 seconds, one before it is due")
    time_passes(g)
    due = look(g, scene, at=FRESH + 1)
    expect(due, NEW, "The copy is read after 61 seconds, by the only reader")
    expect_selects(due, 1, "The copy is read after 61 seconds, by the only reader")
    for at in (FRESH + 2, 2 * FRESH):
        again = look(g, scene, at=at)
        expect(again, NEW, f"A new copy was fetched after 61 seconds; it is read after {at}")
        expect_selects(again, 0, f"A new copy was fetched after 61 seconds; it is read after {at}")


def rebuild_once(g: Grading) -> None:
    g.play(
        Meeting(
            name="rebuild-once",
            title="Two readers find the copy too old",
            parts=[reader("Ann"), reader("Bob")],
            prepare=lambda: due(g),
            judge=lambda _, run: one_select(run),
        )
    )


def nobody_waits(g: Grading) -> None:
    g.play(
        Meeting(
            name="nobody-waits",
            title="Two readers find the copy too old",
            parts=[reader("Ann"), reader("Bob")],
            prepare=lambda: due(g),
            judge=lambda _, run: [*has_a_copy(run), *few_trips(run)],
        )
    )


def source_away(g: Grading) -> None:
    scene = due(g)
    with g.db() as db:
        db.run("RENAME TABLE sales TO sales_away")
    what = "MariaDB answers with an error while the copy is too old"
    try:
        first = look(g, scene)
    except Failed as failed:
        raise Failed(f"{what}; the reader who asks it", expected="the old price", seen=failed.seen) from None
    expect(first, OLD, f"{what}; the reader who asks it")
    second = look(g, scene, at=1)
    expect(second, OLD, f"{what}; the next reader, a second later")
    expect_selects(second, 0, f"{what}; the next reader, a second later")
    with g.db() as db:
        db.run("RENAME TABLE sales_away TO sales")
    time_passes(g)
    back = look(g, scene, at=LEASE + 1)
    expect(back, NEW, "MariaDB is back, and the lease has run out")


def survives_a_crash(g: Grading) -> None:
    crashes = g.crash(reader("Ann"), prepare=lambda: due(g), judge=lambda scene: not_stuck(g, scene))
    if crashes < 2:
        raise Failed("a fetch takes less than two round trips that we could see, so no crash can be tried")


def late_rebuilder(g: Grading) -> None:
    old_copy_over_new(g)
    lease_of_another(g)


def change_wins(g: Grading) -> None:
    let_change(g)
    cold = Scene({SALE: g.new_sale("Tea", 5)})
    ask(g.box, "change", {"sale_id": cold[SALE], "price_cents": NEW})
    expect(look(g, cold), NEW, "A sale that nobody warmed is changed, and then read")
    g.play(
        Meeting(
            name="change-wins",
            title="The price changes while Ann fetches a new copy",
            parts=[
                reader("Ann"),
                Part("back office", "change", lambda scene: {"sale_id": scene[SALE], "price_cents": NEW}),
            ],
            prepare=lambda: due(g, price=OLD),
            judge=lambda scene, _: is_new(g, scene),
        )
    )


# --- what the checks share ---


class Seen(NamedTuple):
    """What one reader was told, and at what price."""

    answer: Answer

    @property
    def value(self) -> Any:
        return self.answer.value

    @property
    def price(self) -> Any:
        return self.value.get("price_cents") if isinstance(self.value, dict) else self.value

    @property
    def selects(self) -> int:
        return sum(server == "MariaDB" for server, _, _ in self.answer.steps)


def ask(
    box: Sandbox, function: str, arguments: Mapping[str, Any], at: int = 0, watcher: Any = None
) -> Answer:
    """Call it, `at` seconds after NOW. An error that comes out of it is the student's mistake."""
    answer = box.channels[0].call(function, arguments, now=NOW + timedelta(seconds=at), watcher=watcher)
    if isinstance(answer.error, NotStarted | StudentError):
        raise answer.error
    if watcher:
        box.verify()
    if answer.error:
        raise Failed(
            f'The call "{function}" of harness.py ends with an error',
            expected="an answer",
            seen=f"{type(answer.error).__name__} {answer.error.args[0] if answer.error.args else ''}".strip(),
        )
    return answer


def look(g: Grading, scene: Scene, at: int = 0, box: Sandbox | None = None) -> Seen:
    """One reader."""
    return Seen(ask(box or g.box, "look", {"sale_id": scene[SALE]}, at))


def warmed(g: Grading, at: int, box: Sandbox | None = None) -> Scene:
    """A new sale of which a copy is kept since `at`."""
    scene = Scene({SALE: g.new_sale("Tea", 5)})
    ask(box or g.box, "warm", {"sale_id": scene[SALE]}, at)
    return scene


def due(g: Grading, price: int = NEW) -> Scene:
    """A new sale whose copy is too old at NOW; the ledger has this price by now."""
    scene = warmed(g, at=-FRESH - 1)
    reprice(g, scene, price)
    time_passes(g)
    return scene


def reprice(g: Grading, scene: Scene, price: int = NEW) -> None:
    with g.db() as db:
        db.run("UPDATE sales SET price_cents = %s WHERE id = %s", price, scene[SALE])


def let_change(g: Grading) -> None:
    """The back office changes prices with the student's account: for this check it may."""
    with g.db() as db:
        db.run(f"GRANT UPDATE (price_cents, version) ON sales TO {STUDENT}")


def time_passes(g: Grading) -> None:
    """As much as Redis's times to live ask for: what has one is gone."""
    redis = g.backends.cache
    for key in redis.scan_iter("*"):
        if redis.pttl(key) >= 0:
            redis.delete(key)


def keys(g: Grading) -> list[str]:
    return sorted(key.decode() for key in g.backends.cache.scan_iter("*"))


def reader(who: str) -> Part:
    return Part(who, "look", lambda scene: {"sale_id": scene[SALE]}, read=told)


def told(value: Any) -> str:
    """What a reader was told, in a word or two."""
    if value is None:
        return "no such sale"
    price = value.get("price_cents") if isinstance(value, dict) else value
    if price == OLD:
        return "the old price"
    return "the new price" if price == NEW else f"neither price: {price}"


def expect(seen: Seen, price: int | None, what: str) -> None:
    if seen.price != price:
        raise Failed(what, expected=told(price and {"price_cents": price}), seen=told(seen.value))


def expect_selects(seen: Seen, wanted: int, what: str) -> None:
    if seen.selects != wanted:
        raise Failed(
            f"{what}: how often is MariaDB asked?",
            expected=f"{wanted} statements to MariaDB",
            seen=f"{seen.selects} statements to MariaDB",
        )


def expect_same_keys(g: Grading, before: Sequence[str], what: str) -> None:
    if (now := keys(g)) != before:
        raise Failed(
            f"Somebody asks for {what}, and Redis keeps something: who asks for a million ids fills it",
            expected=before,
            seen=now,
        )


def one_select(run: Run) -> Sequence[Verdict]:
    asked = sum(move.step.server == "MariaDB" for move in run.moves)
    if asked == 1:
        return []
    return [broken("rebuild_once", f"MariaDB is asked {asked} times, and once is what it takes")]


def has_a_copy(run: Run) -> Sequence[Verdict]:
    return [
        broken("has_a_copy", f"a reader gets {outcome!r}, and there is a copy to show")
        for outcome in run.outcomes.values()
        if outcome not in {"the old price", "the new price"}
    ][:1]


def few_trips(run: Run) -> Sequence[Verdict]:
    """Who fetches may take what it takes. Who does not has nothing to wait for."""
    for name in run.outcomes:
        servers = [move.step.server for move in run.moves if move.actor == name]
        if "MariaDB" not in servers and len(servers) > MOST_TRIPS:
            trips = f"a reader who fetches nothing makes {len(servers)} round trips to Redis"
            return [broken("nobody_waits", f"{trips}; to see the old copy, {MOST_TRIPS} are enough")]
    return []


def not_stuck(g: Grading, scene: Scene) -> Sequence[Verdict]:
    at_once = look(g, scene, at=1)
    if at_once.price not in (OLD, NEW):
        return [broken("not_stuck", f"the next reader gets {told(at_once.value)!r}")]
    time_passes(g)
    look(g, scene, at=LEASE + 1)
    later = look(g, scene, at=LEASE + 2)
    if later.price != NEW:
        return [
            broken(
                "not_stuck", "the lease has run out, two more readers have come, and the copy is still old"
            )
        ]
    return []


def is_new(g: Grading, scene: Scene) -> Sequence[Verdict]:
    first, second = look(g, scene, at=1), look(g, scene, at=1)
    if first.price != NEW:
        return [broken("change_wins", "all is over, and the next reader is told the old price")]
    if second.selects:
        return [broken("change_wins", "all is over, and still every reader asks MariaDB")]
    return []


def old_copy_over_new(g: Grading) -> None:
    scene, other = due(g, price=OLD), g.new_box(actors=1)

    def meanwhile() -> None:
        time_passes(g)
        reprice(g, scene)
        look(g, scene, at=LEASE + 1, box=other)

    fetch_late(g, scene, meanwhile)
    if look(g, scene, at=LEASE + 2).price != NEW:
        raise Failed(
            "Ann has read the old price and then sleeps for longer than the lease; Bob reads the new price"
            " and keeps it; then Ann wakes up, and keeps what she has",
            expected="the new price",
            seen="the old price",
        )


def lease_of_another(g: Grading) -> None:
    scene, bob, cleo = due(g), g.new_box(actors=1), g.new_box(actors=1)

    def meanwhile() -> None:
        time_passes(g)
        begin = Before(bob.kill)
        try:
            ask(bob, "look", {"sale_id": scene[SALE]}, LEASE + 1, watcher=begin)
        except StudentError:
            if not begin.met:
                raise

    fetch_late(g, scene, meanwhile)
    if look(g, scene, at=LEASE + 1, box=cleo).selects:
        raise Failed(
            "Ann sleeps for longer than the lease, and Bob has taken it; Ann wakes up and finishes; then Cleo"
            " reads while Bob is still fetching",
            expected="Cleo sees a copy: the lease is Bob's",
            seen="Cleo asks MariaDB too: Ann has given away Bob's lease",
        )


def fetch_late(g: Grading, scene: Scene, meanwhile: Any) -> None:
    """Ann fetches a new copy; `meanwhile` happens when she has read it and not yet kept it."""
    pause = Before(meanwhile)
    ask(g.box, "look", {"sale_id": scene[SALE]}, watcher=pause)
    if not pause.met:
        raise Failed("a fetch keeps nothing in Redis that we could see, so nobody can be late with it")


class Before:
    """A watcher: does something once, just before the first round trip to Redis after one to MariaDB."""

    def __init__(self, do: Any) -> None:
        self._do, self._asked, self.met = do, False, False

    def before(self, step: Step) -> None:
        if step.server == "MariaDB":
            self._asked = True
        elif self._asked and not self.met:
            self.met = True
            self._do()

    def after(self, step: Step, reply: str) -> None: ...
