"""The races that every stage is put through. Later stages bring their own."""

from __future__ import annotations

from collections import Counter

from common.backoffice import BackOffice
from common.proof.oracle import Verdict
from common.proof.scenario import Desk, Press, Read, Scenario
from common.proof.schedule import Run
from common.shop import Order


def closed_means_closed(run: Run) -> Verdict:
    """A buyer (A) who presses after the back office (B) has closed the sale gets no order."""
    late = "A" in run.schedule and run.schedule.index("A") > run.schedule.rindex("B")
    if late and isinstance(run.outcomes["A"], Order):
        return Verdict("window", "broken", "a press after the close was accepted")
    return Verdict("window", "kept" if late else "unknown", "no press after the close was accepted")


def one_press_one_order(run: Run) -> Verdict:
    """A press that is sent twice (A and B) gets one order, told twice."""
    orders = [outcome.id for outcome in run.outcomes.values() if isinstance(outcome, Order)]
    if len(set(orders)) > 1:
        return Verdict("retry_safe", "broken", f"one press has {len(set(orders))} orders")
    if len(orders) < len(run.outcomes):
        return Verdict("retry_safe", "broken", "the same press was told two things")
    return Verdict("retry_safe", "kept", "one press, one order, told twice")


def asked_once(run: Run) -> Verdict:
    """However many read at once, MariaDB is asked each question once."""
    asked = Counter(move.step.command for move in run.moves if move.step.server == "MariaDB")
    most = max(asked.values(), default=0)
    said = f"{len(run.outcomes)} readers ask MariaDB the same question {most} times"
    return Verdict("cheap_reads", "kept" if most == 1 else "broken" if most else "unknown", said)


def readers(name: str, count: int) -> Scenario:
    """So many threads of one process that read a sale which no cache holds yet."""
    reads = tuple(Read(f"reader {number}") for number in range(1, count + 1))
    title = f"{count} threads of one process read a sale that no cache holds"
    return Scenario(name, title, units=1, limit=1, actions=reads, rules=(asked_once,), one_process=True)


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            name="one-unit",
            title="Two buyers, one unit",
            units=1,
            limit=1,
            actions=(Press("buyer 1", buyer=1), Press("buyer 2", buyer=2)),
        ),
        Scenario(
            name="two-units",
            title="Two units, one buyer wants both, another wants one",
            units=2,
            limit=2,
            actions=(Press("buyer 1", buyer=1, quantity=2), Press("buyer 2", buyer=2)),
        ),
        Scenario(
            name="two-and-three",
            title="Two units, one buyer wants three, another two",
            units=2,
            limit=3,
            actions=(Press("buyer 1", buyer=1, quantity=3), Press("buyer 2", buyer=2, quantity=2)),
        ),
        Scenario(
            name="two-presses",
            title="One buyer presses twice, the limit is one",
            units=5,
            limit=1,
            actions=(Press("first press", buyer=1), Press("second press", buyer=1)),
        ),
        Scenario(
            name="restock",
            title="A buyer meets a restock",
            units=1,
            limit=1,
            actions=(
                Press("buyer 1", buyer=1),
                Desk("back office", lambda office, sale: BackOffice.restock(office, sale, 1)),
            ),
        ),
        Scenario(
            name="same-key",
            title="One press, sent twice",
            units=5,
            limit=2,
            actions=(Press("buyer 1", buyer=1, key="k"), Press("buyer 1 again", buyer=1, key="k")),
            rules=(one_press_one_order,),
        ),
        Scenario(
            name="take-back",
            title="A buyer meets a back office that takes the last unit back",
            units=1,
            limit=1,
            actions=(
                Press("buyer 1", buyer=1),
                Desk("back office", lambda office, sale: BackOffice.restock(office, sale, -1)),
            ),
        ),
        Scenario(
            name="close",
            title="A buyer meets the close of the sale",
            units=1,
            limit=1,
            actions=(Press("buyer 1", buyer=1), Desk("back office", BackOffice.close)),
            rules=(closed_means_closed,),
        ),
        readers("two-readers", 2),
        readers("three-readers", 3),
    )
}


def crowd(buyers: int) -> Scenario:
    """So many buyers, one unit. Too many for every schedule: to be played in step (`schedule.in_step`)."""
    presses = tuple(Press(f"buyer {number}", buyer=number) for number in range(1, buyers + 1))
    return Scenario("crowd", f"{buyers} buyers, one unit, all in step", units=1, limit=1, actions=presses)
