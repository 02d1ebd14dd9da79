"""The checks of hw06. They run on the grader's side; the student's code only answers."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from common.proof.oracle import Verdict
from common.proof.scenario import NOW
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
from homework.grader.servers import EVERYTHING, STUDENT

partner = beside(__file__, "partner")
ANN, BOB = 1, 2
HOUR = timedelta(hours=1)


def gives(g: Grading) -> None:
    desk = Desk(g)
    order = desk.order()
    answer = desk.run(order)
    expect(desk, order, answer, "The job of an order has run", "done", gifts=1, state="given")
    g.count(answer)


def each_its_own(g: Grading) -> None:
    desk = Desk(g)
    first, second, other = desk.order(ANN), desk.order(ANN), desk.order(BOB)
    for order, whose in ((first, "Ann's first order"), (second, "her second order"), (other, "Bob's order")):
        expect(desk, order, desk.run(order), f"The job of {whose} has run", "done", gifts=1, state="given")
    asked = desk.partner.asked
    again = desk.run(first)
    expect(desk, first, again, "The job of Ann's first order runs again", "done", gifts=1, state="given")
    if desk.partner.asked != asked:
        raise Failed(
            "A job that was done runs again, and asks the service again",
            expected=f"{asked} requests for three gifts",
            seen=f"{desk.partner.asked} requests",
        )


def out_of_gifts(g: Grading) -> None:
    desk = Desk(g)
    desk.partner.left = 0
    order = desk.order()
    what = "The service has no gift left"
    expect(desk, order, desk.run(order), what, "done", gifts=0, state="refused")
    desk.partner.left = 9
    desk.partner.forget()
    what = "The service had no gift left when it was asked; it has some now, and the job runs again"
    expect(desk, order, desk.run(order), what, "done", gifts=0, state="refused")


def lost_reply(g: Grading) -> None:
    desk = Desk(g)
    for lost, gifts in (("reply", 1), ("request", 0)):
        order = desk.order()
        what = f"The {lost} is lost"
        desk.partner.lose = lost
        expect(desk, order, desk.run(order), what, "again", gifts=gifts, state="asked")
        what = f"The {lost} was lost, and the job runs again"
        expect(desk, order, desk.run(order), what, "done", gifts=1, state="given")


def killed(g: Grading) -> None:
    desk = Desk(g)
    order = desk.order()
    box = g.new_box(actors=1)
    desk.partner.meanwhile = box.kill
    try:
        box.channels[0].call("run", desk.arguments(order)).result()
    except StudentError:
        pass
    else:
        raise Failed("The service is not asked", expected="a request", seen="none")
    what = "The worker was killed while it waited for the reply, and the job runs again"
    expect(desk, order, desk.run(order), what, "done", gifts=1, state="given")
    crashes = g.crash(desk.part("a worker"), desk.scene, lambda scene: after_a_kill(desk, scene))
    if not crashes:
        raise Failed("The job takes no round trip to MariaDB that we could see")


def two_at_once(g: Grading) -> None:
    desk = Desk(g)
    parts = [desk.part("a worker"), desk.part("another worker")]
    title = "Two workers run the job of one order"
    g.play(Meeting("two-at-once", title, parts, desk.scene, lambda scene, run: one_gift(desk, scene, run)))


def hands_free(g: Grading) -> None:
    desk = Desk(g)
    order, seen = desk.order(), list[int]()
    desk.partner.meanwhile = lambda: seen.append(open_transactions(g))
    expect(desk, order, desk.run(order), "The job of an order has run", "done", gifts=1, state="given")
    if seen != [0]:
        raise Failed(
            "A transaction is open while the service is being asked: what it has locked waits for a stranger",
            expected="none open",
            seen=f"{sum(seen)} open",
        )


def unclear(g: Grading) -> None:
    desk = Desk(g)
    order = desk.order()
    for hours in (0, 23):
        desk.partner.lose = "reply"
        what = f"A reply is lost {hours} hours after the service was asked first"
        expect(desk, order, desk.run(order, NOW + hours * HOUR), what, "again", gifts=1, state="asked")
    desk.partner.forget()
    what = "The job runs again after 25 hours: the service does not know the key any more"
    expect(desk, order, desk.run(order, NOW + 25 * HOUR), what, "done", gifts=1, state="unclear")


# --- what the checks share ---


class Desk:
    """One check's service, table and orders."""

    def __init__(self, g: Grading) -> None:
        self.g = g
        folder = Path(g.open.enter_context(tempfile.TemporaryDirectory(prefix="seckill-gift-")))
        folder.chmod(0o755)
        g.bind["/run/gift"] = folder
        self.partner = g.open.enter_context(partner.Partner(folder / "gift.sock"))
        self._sale, self._strangers = g.new_sale("Tea", 1000), count(8000001)
        with g.db() as db:
            db.run(partner.TABLE)
            db.run(f"GRANT {EVERYTHING} ON gifts TO {STUDENT}")

    def order(self, buyer: int | None = None) -> str:
        """A new order, of a buyer with no other unless one is named."""
        return self.g.new_order(self._sale, buyer or next(self._strangers))

    def scene(self) -> Scene:
        buyer = next(self._strangers)
        return Scene({"the order": self.order(buyer), "the buyer": buyer})

    def arguments(self, order: str) -> dict[str, Any]:
        return {"service": self.g.box.path("/run/gift") + "/gift.sock", "order_id": order}

    def run(self, order: str, now: datetime = NOW) -> Answer:
        """The job runs once, at `now`."""
        box = self.g.box
        if now == NOW:
            return self.g.attempt("run", **self.arguments(order))
        answer = box.channels[0].call("run", self.arguments(order), now=now)
        if isinstance(answer.error, StudentError):
            raise answer.error
        return answer

    def part(self, who: str) -> Part:
        return Part(who, "run", lambda scene: self.arguments(scene["the order"]))

    def row(self, order: str) -> tuple[str, str | None]:
        """State and number in our table; "none" when there is no row."""
        with self.g.db() as db:
            row = db.one("SELECT state, number FROM gifts WHERE order_id = %s", order)
        return (row["state"], row["number"]) if row else ("none", None)

    def told(self, order: str) -> str:
        """What the service has given and what our row says of it."""
        state, number = self.row(order)
        gifts = self.partner.given(order)
        return f"at the service {', '.join(gifts) or 'no gift'}; our row: {state}, number {number or '-'}"


def expect(desk: Desk, order: str, answer: Answer, what: str, ended: str, *, gifts: int, state: str) -> None:
    """The job ended so, the service has given so many gifts, and our row says so."""
    end = str(answer.error).replace(order, "…") if answer.error else ENDS.get(str(answer.value), answer.value)
    seen = f"{end}; {desk.told(order)}"
    numbers, (now, number) = desk.partner.given(order), desk.row(order)
    states = {state, "none"} if state == "asked" else {state}  # nobody has to write down that it asks
    right_number = number == numbers[0] if state == "given" and numbers else number is None
    if answer.value != ended or len(numbers) != gifts or now not in states or not right_number:
        many = f"{gifts} gift{'s' * (gifts != 1)} at the service"
        raise Failed(what, expected=f"{ENDS[ended]}; {many}; our row: {state}", seen=seen)


ENDS = {"done": "the job ends", "again": "the job raises NoAnswer, so that it runs again"}


def after_a_kill(desk: Desk, scene: Scene) -> Sequence[Verdict]:
    """The job runs again, and then there is one gift, and our row has its number."""
    order = scene["the order"]
    answer = desk.run(order)
    if answer.value != "done" or desk.partner.given(order) != [desk.row(order)[1]]:
        return [broken("one_gift", f"the job runs again, and then {desk.told(order)}")]
    return []


def one_gift(desk: Desk, scene: Scene, run: Run) -> Sequence[Verdict]:
    order = scene["the order"]
    if set(map(str, run.outcomes.values())) != {"done"}:
        desk.run(order)  # what one of them raised, RQ runs again
    gifts = desk.partner.given(order)
    if len(gifts) != 1:
        return [broken("one_gift", f"the order gets {len(gifts)} gifts")]
    if desk.row(order) != ("given", gifts[0]):
        return [broken("one_gift", f"the service has given one gift, and our row says {desk.row(order)[0]}")]
    return []


def open_transactions(g: Grading) -> int:
    """How many transactions the student's account has open at this moment, as InnoDB says."""
    with g.db() as db:
        status = str((db.one("SHOW ENGINE INNODB STATUS") or {"Status": ""})["Status"])
    parts = status.split("\n---TRANSACTION ")[1:]
    return sum(", ACTIVE" in part.split("\n")[0] and f" {STUDENT}" in part for part in parts)
