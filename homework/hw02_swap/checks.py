"""The checks of hw02. They run on the grader's side; the student's code only answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pymysql import MySQLError

from common.proof.oracle import Verdict
from common.proof.schedule import Run
from common.shop import Refused, SoldOut
from homework.grader.authoring import Answer, Failed, Grading, Meeting, Part, Scene, an_order, broken

ANN, BOB = 1, 2


def swaps(g: Grading) -> None:
    scene = stock_up(g, {"M": 5, "L": 5}, {"Ann's order": (ANN, "M", 1)})
    answer = swap(g, scene, "Ann's order", ANN, "L")
    if answer.error:
        what = "is refused" if isinstance(answer.error, Refused) else "gets an error"
        seen = f"{type(answer.error).__name__}: {answer.error}"
        raise Failed(f"Ann swaps her M for an L, and {what}", expected="her order, for L", seen=seen)
    expect_rows(g, scene, {"M": 5, "L": 4}, {"Ann's order": "L"})
    told = answer.value if isinstance(answer.value, dict) else {}
    if (told.get("id"), told.get("sale_id")) != (scene["Ann's order"], scene["L"]):
        raise Failed(
            "The swap returns something else than the order as it is now",
            expected="the order, for L",
            seen=scene.tidy(str(answer.value)),
        )
    g.count(answer)


def takes_as_many(g: Grading) -> None:
    scene = stock_up(g, {"M": 5, "L": 3}, {"Ann's order": (ANN, "M", 2), "Bob's order": (BOB, "M", 2)})
    swap(g, scene, "Ann's order", ANN, "L")
    expect_rows(g, scene, {"M": 3, "L": 1}, {"Ann's order": "L", "Bob's order": "M"})
    expect_refusal(swap(g, scene, "Bob's order", BOB, "L"), "Bob wants two L, and one is left")
    expect_rows(g, scene, {"M": 3, "L": 1}, {"Ann's order": "L", "Bob's order": "M"})


def refuses(g: Grading) -> None:
    scene = stock_up(g, {"M": 5, "L": 1}, {"Ann's order": (ANN, "M", 1), "Bob's order": (BOB, "L", 1)})
    before: tuple[dict[str, int], dict[str, str]] = {"M": 4, "L": 0}, {"Ann's order": "M", "Bob's order": "L"}
    sold_out = swap(g, scene, "Ann's order", ANN, "L")
    expect_refusal(sold_out, "Ann wants an L, and none is left")
    if not isinstance(sold_out.error, SoldOut):
        raise Failed("Ann wants an L, and none is left", expected="SoldOut", seen=repr(sold_out.error))
    expect_rows(g, scene, *before)
    expect_refusal(swap(g, scene, "Bob's order", ANN, "M"), "Ann swaps Bob's order")
    expect_rows(g, scene, *before)
    expect_refusal(swap(g, scene, "Bob's order", BOB, "L"), "Bob swaps his L for an L")
    expect_rows(g, scene, *before)


def last_unit(g: Grading) -> None:
    orders = {"Ann's order": (ANN, "M", 1), "Bob's order": (BOB, "M", 1)}
    g.play(
        Meeting(
            name="last-unit",
            title="Two buyers, one L",
            parts=[part("Ann", "Ann's order", ANN, "L"), part("Bob", "Bob's order", BOB, "L")],
            prepare=lambda: stock_up(g, {"M": 2, "L": 1}, orders),
            judge=lambda scene, run: [*conserved(g, scene, orders), *winners(run, 1)],
        )
    )


def all_or_nothing(g: Grading) -> None:
    orders = {"Ann's order": (ANN, "M", 1)}
    crashes = g.crash(
        part("Ann", "Ann's order", ANN, "L"),
        prepare=lambda: stock_up(g, {"M": 1, "L": 1}, orders),
        judge=lambda scene: conserved(g, scene, orders),
    )
    if crashes < 2:
        raise Failed(
            "a swap takes less than two round trips that we could see, so no crash can be tried in between"
        )


def no_deadlock(g: Grading) -> None:
    orders = {"Ann's order": (ANN, "M", 1), "Bob's order": (BOB, "L", 1)}
    g.play(
        Meeting(
            name="no-deadlock",
            title="Ann swaps M for L while Bob swaps L for M",
            parts=[part("Ann", "Ann's order", ANN, "L"), part("Bob", "Bob's order", BOB, "M")],
            prepare=lambda: stock_up(g, {"M": 2, "L": 2}, orders),
            judge=lambda scene, run: [*deadlocks(run), *conserved(g, scene, orders), *winners(run, 2)],
        )
    )


# --- what the checks share ---


def stock_up(g: Grading, initial: Mapping[str, int], orders: Mapping[str, tuple[int, str, int]]) -> Scene:
    """New sales with so many units each, and new orders (buyer, size, quantity) that have taken theirs."""
    ids: dict[str, Any] = {}
    for size, units in initial.items():
        sold = sum(quantity for _, bought, quantity in orders.values() if bought == size)
        ids[size] = g.new_sale(f"Shirt, {size}", units, sold=sold)
    for name, (buyer, size, quantity) in orders.items():
        ids[name] = g.new_order(ids[size], buyer, quantity)
    return Scene(ids)


def swap(g: Grading, scene: Scene, order: str, buyer: int, to: str) -> Answer:
    return g.attempt("swap", order_id=scene[order], buyer_id=buyer, to_sale=scene[to])


def part(who: str, order: str, buyer: int, to: str) -> Part:
    def arguments(scene: Scene) -> dict[str, Any]:
        return {"order_id": scene[order], "buyer_id": buyer, "to_sale": scene[to]}

    return Part(who, "swap", arguments, read=an_order)


def expect_rows(g: Grading, scene: Scene, stocks: Mapping[str, int], sizes: Mapping[str, str]) -> None:
    with g.db() as db:
        seen = {
            size: (db.one("SELECT stock FROM sales WHERE id = %s", scene[size]) or {}).get("stock")
            for size in stocks
        }
        at = {
            order: (db.one("SELECT sale_id FROM orders WHERE id = %s", scene[order]) or {}).get("sale_id")
            for order in sizes
        }
    if seen != stocks:
        raise Failed("The stocks are not what they should be afterwards", expected=dict(stocks), seen=seen)
    names = {scene[size]: size for size in stocks}
    if (now := {order: names.get(sale) for order, sale in at.items()}) != sizes:
        raise Failed(
            "The orders are not for the sizes they should be for afterwards", expected=dict(sizes), seen=now
        )


def expect_refusal(answer: Answer, what: str) -> None:
    if isinstance(answer.error, Refused):
        return
    if answer.error:
        raise Failed(f"{what}", expected="a Refused", seen=str(answer.error))
    raise Failed(f"{what}, and it is accepted", expected="a Refused", seen="an order")


def conserved(g: Grading, scene: Scene, orders: Mapping[str, tuple[int, str, int]]) -> Sequence[Verdict]:
    """Each sale: what is sold and what is left make what there was. No stock is negative, no order lost."""
    with g.db() as db:
        for size in ("M", "L"):
            row = db.one("SELECT initial, stock FROM sales WHERE id = %s", scene[size]) or {
                "initial": 0,
                "stock": 0,
            }
            sold = db.one(
                "SELECT COALESCE(SUM(quantity), 0) AS units FROM orders WHERE sale_id = %s", scene[size]
            )
            units, left, there = int((sold or {"units": 0})["units"]), row["stock"], row["initial"]
            if left < 0 or units > there:
                return [broken("no_oversell", f"{units} of {there} {size} are sold")]
            if units + left != there:
                return [
                    broken("conserved", f"{units} {size} sold and {left} left make {units + left} of {there}")
                ]
        kept = db.all("SELECT id FROM orders WHERE sale_id IN (%s, %s)", scene["M"], scene["L"])
    if len(kept) != len(orders):
        return [broken("conserved", f"there were {len(orders)} orders, and there are {len(kept)}")]
    return []


def winners(run: Run, wanted: int) -> Sequence[Verdict]:
    won = sum(not isinstance(outcome, BaseException) for outcome in run.outcomes.values())
    return [] if won == wanted else [broken("winners", f"{won} swaps succeed, and {wanted} should")]


def deadlocks(run: Run) -> Sequence[Verdict]:
    fell = [outcome for outcome in run.outcomes.values() if isinstance(outcome, MySQLError)]
    return (
        [broken("no_deadlock", "they deadlock, and MariaDB throws one of them out (error 1213)")]
        if fell
        else []
    )
