"""The checks of hw09. The doors, given out or mended, run in one sandbox, and the attacks in another.

A flag is the number of an order: the door makes it up while a check runs, so nobody can have it from before.
"""

from __future__ import annotations

import hashlib
import secrets
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from redis.exceptions import ResponseError

from common.proof import diagram, schedule
from common.proof.driver import Choose, Move
from common.proof.oracle import Verdict
from common.proof.scenario import NOW
from common.proof.schedule import Run
from common.shop import NoSuchSale, Refused
from homework.grader.authoring import (
    Answer,
    Failed,
    Grading,
    Meeting,
    NotStarted,
    Part,
    Scene,
    StudentError,
    beside,
    broken,
)
from homework.grader.playing import Player

front = beside(__file__, "front")

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000  # ms
NOON = int(NOW.timestamp()) * SECOND
OPEN = NOON - HOUR  # when a sale opened that is open
MAY_HAVE = 2  # units, at the second door
PERMIT_INVALID, NOT_OPEN, SOLD_OUT = {"permit_invalid"}, {"not_open"}, {"sold_out"}
PATH = set("0123456789abcdef")
NONSENSE = ("0" * 32, "é" * 32, ".", "1.", "-1.0", "٣.0", "None", "x" * 400, "\ud800")


# --- tasks 1 and 2: the attacks ---


def forge(g: Grading) -> None:
    shop = Desk(as_given(g), "path")
    shop.blocked = [shop.mallory]
    expect_flag(shop, break_in(g, shop, "forge"), "Mallory is blocked at the first door", most=0)


def replay(g: Grading) -> None:
    shop = Desk(as_given(g), "count")
    what = f"Mallory may have {MAY_HAVE} units at the second door"
    expect_flag(shop, break_in(g, shop, "replay"), what, most=MAY_HAVE)


def early(g: Grading) -> None:
    shop = Desk(as_given(g), "opening", opens_at=NOON + HOUR)
    expect_flag(shop, break_in(g, shop, "early"), "The third door opens in an hour", most=0)


def as_given(g: Grading) -> Grading:
    """The same, with the files that were handed out instead of the student's."""
    return replace(g, files={name: (g.homework.folder / "starter" / name).read_bytes() for name in g.files})


def break_in(g: Grading, shop: Desk, attack: str) -> Answer:
    """Mallory attacks the shop. `Failed` when she goes past its door, or does not even knock."""
    folder = Path(g.open.enter_context(tempfile.TemporaryDirectory(prefix="seckill-shop-")))
    folder.chmod(0o755)
    with front.Front(folder / "shop.sock", shop.serve) as door:
        box = g.new_box(actors=1, bind={"/run/shop": folder})
        arguments = {"name": attack, "path": box.path("/run/shop") + "/shop.sock", "page": shop.page()}
        answer = box.channels[0].call("attack", arguments)
        box.kill()
    if door.trouble:
        raise door.trouble
    if isinstance(answer.error, NotStarted | StudentError):
        raise answer.error
    if past := [*answer.sent, *box.verify()]:
        seen = f"{past[0].name} to {past[0].server}"
        raise Failed(
            "Your attack goes past the door; outside it could not", expected="requests to the shop", seen=seen
        )
    if not door.asked:
        raise Failed("Your attack asks the shop for nothing", expected="requests", seen="none")
    return answer


def expect_flag(shop: Desk, answer: Answer, what: str, *, most: int) -> None:
    """`Failed` unless Mallory has got more than `most` units, and the attack returned an order's number."""
    _, orders = shop.books()
    hers = {number for press, number in orders.items() if press.startswith(f"{shop.mallory}:")}
    if (sold := shop.sold()) <= most:
        ended = f"; the attack ends with {kind(answer.error)}" if answer.error else ""
        raise Failed(
            f"{what}, and your attack gets her no more",
            expected=f"more than {most} units",
            seen=f"{sold} units{ended}",
            schedule=shop.schedule,
            diagram=shop.picture,
        )
    if answer.error or not isinstance(answer.value, str) or answer.value not in hers:
        raise Failed(
            f"{what}, and she has got more; but what your attack returns is no flag",
            expected="the number of an order of hers",
            seen=kind(answer.error) if answer.error else "something else",
        )


# --- task 3: honest buyers get in ---


def honest_path(g: Grading) -> None:
    desk = Desk(g, "path")
    stranger = desk.new_buyer()
    for path in guesses(desk, stranger):
        what = "Somebody who was never at the door works out a path from what everybody knows"
        desk.refuses(what, PERMIT_INVALID, stranger, path, "k1")
    for passed in (0, 30 * SECOND, MINUTE - 1):
        buyer, at = desk.new_buyer(), NOON + passed
        path = desk.enter(buyer, at)
        if len(path) != 32 or set(path) - PATH:
            strange = sum(each not in PATH for each in path)
            raise Failed(
                "The path is none that the shop's nginx lets pass",
                expected="32 digits of 0-9 and a-f",
                seen=f"{len(path)} characters, {strange} of them none of these",
            )
        what = f"A buyer is given the path at {clock(at)}"
        number = desk.sells(f"{what} and presses at once", buyer, path, "k1", at=at)
        desk.sells(f"{what} and presses a minute later", buyer, desk.enter(buyer, at), "k2", at=at + MINUTE)
        again = f"{what}, then is given another one; the first press comes again"
        desk.same(again, number, buyer, path, "k1", at=at)


def honest_count(g: Grading) -> None:
    desk = Desk(g, "count")
    ann, bob, cid = desk.new_buyer(), desk.new_buyer(), desk.new_buyer()
    permit = desk.enter(ann)
    desk.enter(ann)
    first = desk.sells("Ann buys one unit", ann, permit, "k1")
    desk.same("Ann's press comes again", first, ann, permit, "k1")
    second = desk.sells("Ann's press came again; now she buys another one", ann, permit, "k2")
    for key, number in (("k1", first), ("k2", second)):
        desk.same("Ann has bought one unit, and another one; a press comes again", number, ann, permit, key)
    desk.refuses("Ann has had two units, and wants a third", PERMIT_INVALID, ann, permit, "k3")
    permit = desk.enter(ann)
    what = "Ann has had two units, asks for a permit again, and wants a third"
    desk.refuses(what, PERMIT_INVALID, ann, permit, "k4")
    desk.refuses("Cid has never been at the door", PERMIT_INVALID, cid, f"permit of {cid}", "k1")
    desk.box = g.new_box(actors=1)
    what = "Ann has had two units, and wants a third from another process of the shop"
    desk.refuses(what, PERMIT_INVALID, ann, permit, "k5")
    permit = desk.enter(bob)
    number = desk.sells("Bob buys two units", bob, permit, "k1", units=2)
    desk.same("Bob's press comes again", number, bob, permit, "k1", units=2)
    desk.forget_permits()
    desk.same("Bob's press comes again when his permit has expired", number, bob, permit, "k1", units=2)
    desk = Desk(g, "count")
    permit = desk.enter(desk.mallory)
    g.count(desk.buy(desk.mallory, permit, "k1", units=2))


def honest_opening(g: Grading) -> None:
    desk = Desk(g, "opening")
    for behind, phone in ((0, "right"), (3 * HOUR, "three hours slow"), (-HOUR, "an hour fast")):
        buyer = desk.new_buyer()
        permit = desk.enter(buyer)
        what = f"The sale is open. A buyer whose phone's clock is {phone}"
        number = desk.sells(f"{what} presses", buyer, permit, "k1", phone=NOON - behind)
        desk.same(f"{what} sends the press again", number, buyer, permit, "k1", phone=NOON - behind)
    buyer = desk.new_buyer()
    permit = desk.enter(buyer, desk.opens_at)
    desk.sells("A buyer comes in the very moment of the opening", buyer, permit, "k1", at=desk.opens_at)


# --- task 3: nobody else does ---


def own_attacks(g: Grading) -> None:
    for attack, door, opens_at, most in (
        ("forge", "path", OPEN, 0),
        ("replay", "count", OPEN, MAY_HAVE),
        ("early", "opening", NOON + HOUR, 0),
    ):
        shop = Desk(g, door, opens_at=opens_at)
        shop.blocked = [shop.mallory] if door == "path" else []
        break_in(g, shop, attack)
        if (sold := shop.sold()) > most:
            raise Failed(
                f"Your {attack} still works at your own door",
                expected=f"{most} units at most",
                seen=f"Mallory has {sold}",
                schedule=shop.schedule,
                diagram=shop.picture,
            )


def path_bound(g: Grading) -> None:
    desk = Desk(g, "path")
    ann, bob = desk.new_buyer(), desk.new_buyer()
    path = desk.enter(ann)
    desk.refuses("Bob presses with Ann's path", PERMIT_INVALID, bob, path, "k1")
    other = Desk(g, "path", secret=desk.secret)
    other.refuses("Ann presses with the path of another sale", PERMIT_INVALID, ann, path, "k1")
    other = Desk(g, "path", sale_id=desk.sale_id)
    what = "Ann presses with a path from another shop, which has a secret of its own"
    other.refuses(what, PERMIT_INVALID, ann, path, "k1")
    desk.sells("And with her own path, Ann", ann, path, "k1")


def path_expires(g: Grading) -> None:
    desk = Desk(g, "path")
    for begun in (0, 17 * SECOND, MINUTE - 1):
        for age in (2 * MINUTE + 1, HOUR, 24 * HOUR):
            buyer, at = desk.new_buyer(), NOON + begun
            path = desk.enter(buyer, at)
            what = f"A path is {age:,} ms old"
            desk.refuses(what, PERMIT_INVALID, buyer, path, "k1", at=at + age)


def malformed(g: Grading) -> None:
    for door in ("path", "opening"):
        desk = Desk(g, door)
        ann = desk.new_buyer()
        for text in NONSENSE:
            what = f"At the {door} door, somebody shows {text[:8]!r}{'…' * (len(text) > 8)}"
            desk.refuses(what, PERMIT_INVALID, ann, text, "k1")
        permit = desk.enter(ann)
        places = range(len(permit) - 1)  # in base64, bits of the last character may mean nothing
        for at in g.random.sample(places, min(12, len(places))):
            changed = permit[:at] + ("1" if permit[at] == "0" else "0") + permit[at + 1 :]
            what = f"At the {door} door, one character of Ann's permit is changed"
            desk.refuses(what, PERMIT_INVALID, ann, changed, "k1")
        for text in (permit[:-1], permit[:8], f"{permit}0", f"0{permit}"):
            what = f"At the {door} door, Ann's permit is cut short, or longer than it was"
            desk.refuses(what, PERMIT_INVALID, ann, text, "k1")
        desk.sells(f"And at the {door} door, with her permit as it was, Ann", ann, permit, "k1")


def two_presses(g: Grading) -> None:
    desk = Desk(g, "count", units=500)
    title = "Ann may have 2 units, and presses twice for 2"
    parts = [desk.part("Ann", "one", 2), desk.part("Ann again", "two", 2)]
    g.play(Meeting("two-presses", title, parts, desk.ann_at_the_door, desk.spent_once))


def same_press(g: Grading) -> None:
    desk = Desk(g, "count", units=500)
    title = "One press of Ann's for 2 units comes twice, at the same moment"
    parts = [desk.part("Ann", "one", 2), desk.part("the same again", "one", 2)]
    g.play(Meeting("same-press", title, parts, desk.ann_at_the_door, desk.told_the_same))


def killed(g: Grading) -> None:
    desk = Desk(g, "count", units=500)
    part = desk.part("Ann", "one", 2)
    if not g.crash(part, desk.ann_at_the_door, desk.nothing_lost):
        raise Failed("A press takes no round trip to Redis that we could see")
    part = Part("Ann", "enter", lambda scene: {"sale": desk.sale(), "buyer_id": scene["Ann"]})
    g.crash(part, desk.ann_before_the_door, desk.gets_her_units)


def kept(g: Grading) -> None:
    desk = Desk(g, "count", units=1)
    ann, bob = desk.new_buyer(), desk.new_buyer()
    permit = desk.enter(ann)
    desk.refuses("Ann wants 2 units, and 1 is left", SOLD_OUT, ann, permit, "k1", units=2)
    desk.restock(5)
    what = "Ann was refused 2 units because 1 was left; more came back, and her press comes again"
    desk.sells(what, ann, permit, "k1", units=2)
    permit = desk.enter(bob)
    desk.sells("Bob buys one of his two units", bob, permit, "k1")
    desk.refuses("Bob has one unit of two left, and wants two", PERMIT_INVALID, bob, permit, "k2", units=2)
    desk.expect_expiry("Bob has bought one of his two units")
    desk.sells("Bob was refused two units; he has one left, and wants that", bob, permit, "k3")


def opening(g: Grading) -> None:
    desk = Desk(g, "opening", opens_at=NOON + HOUR)
    for before in (HOUR, SECOND, 1):
        answer = desk.ask_for_permit(desk.new_buyer(), desk.opens_at - before)
        if kind(answer.error) not in NOT_OPEN:
            what = f"Somebody asks for a permit {before:,} ms before the opening"
            raise Failed(what, expected="not_open", seen=kind(answer.error) or "a permit")
    desk = Desk(g, "opening")
    ann = desk.new_buyer()
    permit = desk.enter(ann)
    desk.opens_at = NOON + HOUR
    for before in (HOUR, SECOND, 1):
        what = f"Ann has a permit, then the sale is put off; she presses {before:,} ms before the new opening"
        at, phone = desk.opens_at - before, desk.opens_at
        desk.refuses(what, NOT_OPEN | PERMIT_INVALID, ann, permit, "k1", at=at, phone=phone)


# --- what the checks share ---


class Desk:
    """A new sale behind one door, with the code of `g`; what it has sold is read from Redis."""

    def __init__(
        self,
        g: Grading,
        door: str,
        *,
        units: int = 40,
        opens_at: int = OPEN,
        sale_id: int = 0,
        secret: str = "",
    ) -> None:
        self.g, self.door, self.units, self.opens_at = g, door, units, opens_at
        self.sale_id = sale_id or 7_000_000 + g.random.randrange(1_000_000)
        self.secret = secret or secrets.token_hex(16)
        self.blocked = list[int]()
        self.mallory = self.new_buyer()
        self.box = g.box
        self.schedule: str | None = None  # of two presses at the same moment, and its picture
        self.picture: str | None = None
        g.backends.stock.delete(self.name("orders"))
        self.restock(units)

    def new_buyer(self) -> int:
        return 8_000_000 + self.g.random.randrange(1_000_000)

    def sale(self) -> dict[str, Any]:
        """As harness.py has it."""
        said = {"id": self.sale_id, "door": self.door, "secret": self.secret}
        return {**said, "opens_at": self.opens_at, "blocked": self.blocked}

    def page(self) -> dict[str, int]:
        """What a browser is told."""
        return {
            "buyer_id": self.mallory,
            "sale_id": self.sale_id,
            "opens_at": self.opens_at,
            "now": NOON,
        }

    # --- at the door ---

    def ask_for_permit(self, buyer: int, at: int = NOON) -> Answer:
        return self._call("enter", at, buyer_id=buyer)

    def enter(self, buyer: int, at: int = NOON) -> str:
        """A permit. `Failed` when an honest buyer gets none."""
        answer = self.ask_for_permit(buyer, at)
        if not isinstance(answer.value, str):
            what = f"At the {self.door} door, an honest buyer asks for a permit"
            raise Failed(what, expected="a permit", seen=kind(answer.error) or "no text")
        return answer.value

    def buy(
        self, buyer: int, permit: str, key: str, units: int = 1, at: int = NOON, phone: int = 0
    ) -> Answer:
        return self._call("buy", at, press=press(buyer, permit, key, units, phone))

    def _call(self, function: str, at: int, **arguments: Any) -> Answer:
        now = NOW + timedelta(milliseconds=at - NOON)
        answer = self.box.channels[0].call(function, {"sale": self.sale(), **arguments}, now=now)
        if isinstance(answer.error, NotStarted | StudentError):
            raise answer.error
        return answer

    def sells(self, what: str, buyer: int, permit: str, key: str, units: int = 1, **when: int) -> str:
        """The order's number. `Failed` unless it is in the books, and the units are off the shelf."""
        left, orders = self.books()
        answer = self.buy(buyer, permit, key, units, **when)
        now, there = self.books()
        if not isinstance(answer.value, str) or answer.error:
            raise Failed(f"{what}, and gets no order", expected="an order", seen=said(answer))
        if there != {**orders, f"{buyer}:{key}": answer.value} or now != left - units:
            raise Failed(
                f"{what}, and the books are wrong",
                expected=f"one order more, and {units} units less",
                seen=f"{len(there) - len(orders)} orders more, and {left - now} units less",
            )
        return answer.value

    def same(
        self, what: str, number: str, buyer: int, permit: str, key: str, units: int = 1, **when: int
    ) -> None:
        """`Failed` unless this press, which comes again, is answered as before and changes nothing."""
        books = self.books()
        answer = self.buy(buyer, permit, key, units, **when)
        if answer.value != number:
            again = f"{what}, and is not answered as before"
            raise Failed(again, expected="the same order", seen=said(answer))
        self._expect_books(what, books)

    def refuses(
        self, what: str, kinds: set[str], buyer: int, permit: str, key: str, units: int = 1, **when: int
    ) -> None:
        """`Failed` unless this press is refused for that reason, and changes nothing."""
        books = self.books()
        answer = self.buy(buyer, permit, key, units, **when)
        if kind(answer.error) not in kinds:
            raise Failed(what, expected=" or ".join(sorted(kinds)), seen=said(answer))
        self._expect_books(f"{what}, and is refused", books)

    def _expect_books(self, what: str, books: tuple[int, dict[str, str]]) -> None:
        (left, orders), (now, there) = books, self.books()
        if (now, there) != books:
            raise Failed(
                f"{what}; yet something is sold",
                expected="no order more, no unit less",
                seen=f"{len(there) - len(orders)} orders more, {left - now} units less",
            )

    # --- the books ---

    def name(self, part: str) -> str:
        return self.g.backends.keys(self.sale_id, part)

    def books(self) -> tuple[int, dict[str, str]]:
        """Units left, and the numbers of the orders."""
        redis = self.g.backends.stock
        try:
            orders = redis.hgetall(self.name("orders"))
            left = int(redis.get(self.name("stock")) or 0)
        except (ValueError, ResponseError):
            raise Failed("The shelf's keys in Redis are not what they were any more") from None
        return left, {text(name): text(number) for name, number in orders.items()}

    def restock(self, units: int) -> None:
        self.g.backends.stock.set(self.name("stock"), units)

    def forget_permits(self) -> None:
        """All has expired that is kept of this sale, but for the stock and the orders."""
        for name in self._others():
            self.g.backends.stock.delete(name)

    def expect_expiry(self, what: str) -> None:
        for name in self._others():
            if not 0 < int(self.g.backends.stock.pttl(name)) <= 2 * HOUR:
                raise Failed(f"{what}, and what is kept of his permit expires never, or not in time")

    def _others(self) -> list[bytes]:
        kept = {self.name("stock").encode(), self.name("orders").encode()}
        return [name for name in self.g.backends.stock.scan_iter(self.name("*")) if name not in kept]

    # --- Mallory's requests ---

    def serve(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if path == "/entry":
            return {"permit": answered(self.ask_for_permit(self.mallory))}
        if path == "/orders":
            return {"number": answered(self._call("buy", NOON, press=front.a_press(body, self.mallory)))}
        if path == "/both":
            return {"numbers": self._both(body)}
        raise NoSuchSale

    def _both(self, body: dict[str, Any]) -> list[str]:
        """Two presses at the same moment, in the order that she asks for."""
        order = self.g.schedule or str(body.get("order"))
        one, other = (front.a_press(body.get(name), self.mallory) for name in ("first", "second"))
        parts = [
            Part("Mallory", "buy", lambda _: {"sale": self.sale(), "press": one}, a_number),
            Part("Mallory again", "buy", lambda _: {"sale": self.sale(), "press": other}, a_number),
        ]
        scene = self._scene(Mallory=self.mallory)
        meeting = Meeting("both", "Mallory presses twice", parts, lambda: scene, lambda *_: [])
        with closing(Player(self.g.servers, self.box)) as player:
            run = player.play(meeting, in_order(order))
        self.g.keep(meeting, run)
        self.schedule, self.picture = run.schedule, diagram.terminal(meeting, run)
        if run.broken:
            raise Failed(run.broken[0].sentence)
        return [value if isinstance(value, str) else "" for _, value in sorted(run.outcomes.items())]

    def _scene(self, **ids: Any) -> Scene:
        names = {part: self.name(part) for part in ("stock", "orders")}
        permits = {f"permit:{who}": self.name(f"permit:{buyer}") for who, buyer in ids.items()}
        return Scene({"sale": self.sale_id, **names, **permits, **ids})

    # --- meetings at the second door ---

    def part(self, who: str, key: str, units: int) -> Part:
        def arguments(scene: Scene) -> dict[str, Any]:
            said = press(scene["Ann"], scene["her permit"], key, units)
            return {"sale": self.sale(), "press": said}

        return Part(who, "buy", arguments, a_number)

    def ann_before_the_door(self) -> Scene:
        self.restock(self.units)
        return self._scene(Ann=self.new_buyer())

    def ann_at_the_door(self) -> Scene:
        scene = self.ann_before_the_door()
        return Scene({**scene.ids, "her permit": self.enter(scene["Ann"])})

    def spent_once(self, _: Scene, run: Run) -> Sequence[Verdict]:
        won = sum(isinstance(outcome, str) for outcome in run.outcomes.values())
        if (sold := self.sold()) > MAY_HAVE or won > 1:
            return [broken("permit_once", f"she gets {won} orders, and {sold} units are gone")]
        if won == 0 or sold < MAY_HAVE:
            return [broken("permit_kept", f"she gets {won} orders, and {sold} units are gone")]
        return []

    def told_the_same(self, _: Scene, run: Run) -> Sequence[Verdict]:
        told = set(map(str, run.outcomes.values()))
        if len(told) > 1 or any(isinstance(outcome, BaseException) for outcome in run.outcomes.values()):
            return [broken("same_answer", "it is not answered twice with the same order")]
        if (sold := self.sold()) != MAY_HAVE:
            return [broken("permit_once", f"{sold} units are gone")]
        return []

    def sold(self) -> int:
        """Units that are gone since the shelf was filled."""
        left, _ = self.books()
        return self.units - left

    def nothing_lost(self, scene: Scene) -> Sequence[Verdict]:
        """The shop has died under a press, and the press comes again."""
        ann, permit = scene["Ann"], scene["her permit"]
        answer = self.buy(ann, permit, "one", MAY_HAVE)
        sold = self.sold()
        if not isinstance(answer.value, str):
            seen = f"is answered with {kind(answer.error)}; {sold} units are gone"
            return [broken("retry_safe", f"the press comes again and {seen}")]
        if sold != MAY_HAVE:
            return [broken("permit_once", f"the press comes again, and {sold} units are gone")]
        more = self.buy(ann, permit, "two")
        if not more.error:
            return [broken("permit_once", "the press comes again, and after it Ann gets a third unit")]
        return []

    def gets_her_units(self, scene: Scene) -> Sequence[Verdict]:
        """The shop has died while Ann asked for a permit, and she asks again."""
        return self.nothing_lost(Scene({**scene.ids, "her permit": self.enter(scene["Ann"])}))


class Number(str):
    """An order's number. It is another one each time, and in a diagram it says only that there is one."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "an order"


def a_number(value: Any) -> Any:
    return Number(value) if isinstance(value, str) else value


def in_order(order: str) -> Choose:
    """Whose turn `order` says, as far as that press can move; else whoever moved last goes on."""

    def choose(moves: Sequence[Move], ready: tuple[str, ...]) -> str:
        turn = order[len(moves) : len(moves) + 1]
        return turn if turn in ready else schedule.stay(moves, ready)

    return choose


def press(buyer: int, permit: str, key: str, units: int = 1, phone: int = 0) -> dict[str, Any]:
    return {"buyer_id": buyer, "permit": permit, "key": key, "units": units, "pressed_at": phone}


def guesses(desk: Desk, buyer: int) -> list[str]:
    """Paths that anybody can work out."""
    salt, sale = "tea&kettle-2030", desk.sale_id
    texts = [f"{buyer}{salt}", f"{buyer}", f"{buyer}{sale}{salt}", f"{sale}{buyer}{salt}", f"{sale}:{buyer}"]
    return [hashlib.new(name, each.encode()).hexdigest()[:32] for name in ("md5", "sha256") for each in texts]


def answered(answer: Answer) -> Any:
    """What a door answers Mallory. Raises what it refuses; an error that is no refusal is its own fault."""
    if answer.error and not isinstance(answer.error, Refused):
        raise Failed(f"A door raises {type(answer.error).__name__}", seen=str(answer.error))
    return answer.result()


def kind(error: Exception | None) -> str:
    """A refusal's type; for anything else its class."""
    return error.type if isinstance(error, Refused) else type(error).__name__ if error else ""


def said(answer: Answer) -> str:
    return kind(answer.error) or ("an order" if isinstance(answer.value, str) else "no text")


def text(value: bytes) -> str:
    return value.decode(errors="replace")


def clock(at: int) -> str:
    return (NOW + timedelta(milliseconds=at - NOON)).strftime("%H:%M:%S")
