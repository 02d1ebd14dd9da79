"""The checks of hw01. The shops are played on real servers; the audit gets sales with something planted."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from common.proof.oracle import Verdict
from common.proof.schedule import Diverged, Run
from homework.grader.authoring import Failed, Grading, Meeting, NotStarted, Part, Scene, an_order, broken

SAFE = {"shop_3", "shop_5"}
ROUNDS = 6  # sales for each violation

Sale = dict[str, Any]
Record = dict[str, Any]
World = tuple[Sale, list[Record], list[Record]]


# --- the shops ---


def shop_1(g: Grading) -> None:
    judge_answer(g, "shop_1")


def shop_2(g: Grading) -> None:
    judge_answer(g, "shop_2")


def shop_3(g: Grading) -> None:
    judge_answer(g, "shop_3")


def shop_4(g: Grading) -> None:
    judge_answer(g, "shop_4")


def shop_5(g: Grading) -> None:
    judge_answer(g, "shop_5")


def shop_6(g: Grading) -> None:
    judge_answer(g, "shop_6")


def judge_answer(g: Grading, shop: str) -> None:
    """A schedule has to break the shop. "safe" has to be so: then every schedule is played to show it."""
    answer = g.schedule or answer_for(g, shop)
    if answer == "SAFE" and shop in SAFE:
        g.play(meeting(g, shop))
    elif answer == "SAFE":
        raise Failed(
            f"Some schedule breaks {shop}: it is not safe", expected="a schedule that does", seen="safe"
        )
    else:
        judge_schedule(g, shop, answer)


def judge_schedule(g: Grading, shop: str, schedule: str) -> None:
    try:
        run, picture = g.replay(meeting(g, shop), schedule)
    except Diverged as error:
        raise Failed(f"This schedule of {shop} cannot be played: {error}", seen=schedule) from None
    if not run.broken:
        raise Failed(f"In this schedule {shop} keeps its promise", schedule=run.schedule, diagram=picture)


def answer_for(g: Grading, shop: str) -> str:
    """What answers.toml says, in capitals. `NotStarted` when it says nothing."""
    try:
        said = tomllib.loads(g.text("answers.toml")).get(shop, "")
    except tomllib.TOMLDecodeError as error:
        raise Failed(f"answers.toml cannot be read: {error}") from None
    if said == "":
        raise NotStarted
    if not isinstance(said, str) or not (set(said.upper()) <= {"A", "B"} or said.upper() == "SAFE"):
        raise Failed(
            f'The answer for {shop} is neither a schedule of A and B nor "safe"',
            expected='such as "AABB"',
            seen=said,
        )
    if len(said) > 100:
        raise Failed(f"The schedule for {shop} has {len(said)} letters; no shop takes that many steps")
    return said.upper()


def meeting(g: Grading, shop: str) -> Meeting:
    """Two buyers and one unit; at shop_6 one buyer, who presses twice, and two units."""
    units, buyers = (2, (1, 1)) if shop == "shop_6" else (1, (1, 2))

    def press(buyer: int) -> Callable[[Scene], Record]:
        return lambda scene: {"sale_id": scene["the sale"], "buyer_id": buyer}

    return Meeting(
        name=shop,
        title=f"{shop}, {'one buyer presses twice' if shop == 'shop_6' else 'two buyers, one unit'}",
        parts=[
            Part("A", shop, press(buyers[0]), read=an_order),
            Part("B", shop, press(buyers[1]), read=an_order),
        ],
        prepare=lambda: Scene({"the sale": g.new_sale(shop, units, limit=1)}),
        judge=lambda scene, run: judge_sale(g, scene, run),
    )


def judge_sale(g: Grading, scene: Scene, run: Run) -> Sequence[Verdict]:
    with g.db() as db:
        initial = (db.one("SELECT initial FROM sales WHERE id = %s", scene["the sale"]) or {})["initial"]
        orders = db.all("SELECT buyer_id FROM orders WHERE sale_id = %s", scene["the sale"])
    if len(orders) > initial:
        return [broken("no_oversell", f"{len(orders)} orders for {initial} unit")]
    if len({order["buyer_id"] for order in orders}) < len(orders):
        return [broken("purchase_limit", "one buyer has two orders, and the limit is one")]
    return []


# --- the audit ---


def clean_sale(random: Random) -> World:
    """A sale in which everything is as it should be."""
    initial, limit = random.randint(15, 25), random.randint(2, 3)
    opens = random.randint(1000, 9000)
    sale: Sale = {
        "initial": initial,
        "stock": initial,
        "limit": limit,
        "price_cents": random.randint(100, 9999),
        "opens_at": opens,
        "closes_at": opens + 600,
    }
    orders: list[Record] = []
    told: list[Record] = []
    for buyer in random.sample(range(1, 100), 5):
        add_order(sale, orders, told, buyer, random.randint(1, limit - 1), random)
    told.append({"buyer": 100, "quantity": sale["stock"] + 1, "answer": "sold_out", "order_id": None})
    told.append({"buyer": orders[0]["buyer"], "quantity": limit, "answer": "limit_reached", "order_id": None})
    return sale, orders, told


def add_order(
    sale: Sale, orders: list[Record], told: list[Record], buyer: int, quantity: int, random: Random
) -> Record:
    """One more order, told and paid out of the stock."""
    order = {
        "id": f"o{len(orders) + 1}",
        "buyer": buyer,
        "quantity": quantity,
        "price_cents": sale["price_cents"],
        "created_at": random.randrange(sale["opens_at"], sale["closes_at"]),
        "status": "placed",
    }
    orders.append(order)
    told.append({"buyer": buyer, "quantity": quantity, "answer": "order", "order_id": order["id"]})
    sale["stock"] -= quantity
    return order


def oversold(sale: Sale, orders: list[Record], told: list[Record], random: Random) -> str:
    while sale["stock"] >= 0:
        add_order(sale, orders, told, 1000 + len(orders), 1, random)
    told[:] = [each for each in told if each["answer"] != "sold_out"]
    return f"{sum(order['quantity'] for order in orders)} of {sale['initial']} units are sold"


def not_conserved(sale: Sale, orders: list[Record], told: list[Record], random: Random) -> str:
    sale["stock"] -= random.randint(1, 2)
    sold = sum(order["quantity"] for order in orders)
    return f"{sold} units are sold and {sale['stock']} are left, of {sale['initial']}"


def over_limit(sale: Sale, orders: list[Record], told: list[Record], random: Random) -> str:
    sale["initial"] += 9  # room for more
    sale["stock"] += 9
    told[:] = [each for each in told if each["answer"] != "sold_out"]
    buyer = orders[random.randrange(len(orders))]["buyer"]
    for _ in range(sale["limit"]):
        add_order(sale, orders, told, buyer, 1, random)
    return f"buyer {buyer} has more than {sale['limit']} units, in several orders"


def outside_window(sale: Sale, orders: list[Record], told: list[Record], random: Random) -> str:
    order = orders[random.randrange(len(orders))]
    order["created_at"] = random.choice([sale["opens_at"] - 1, sale["closes_at"]])
    return f"{order['id']} was placed at {order['created_at']}"


def wrong_price(sale: Sale, orders: list[Record], told: list[Record], random: Random) -> str:
    order = orders[random.randrange(len(orders))]
    order["price_cents"] -= random.randint(1, 99)
    return f"{order['id']} costs {order['price_cents']} cents, not {sale['price_cents']}"


def order_missing(sale: Sale, orders: list[Record], told: list[Record], random: Random) -> str:
    told.insert(
        random.randrange(len(told)), {"buyer": 500, "quantity": 1, "answer": "order", "order_id": "o99"}
    )
    return "buyer 500 was told of o99, which does not exist"


def order_untold(sale: Sale, orders: list[Record], told: list[Record], random: Random) -> str:
    order = orders[random.randrange(len(orders))]
    told[:] = [each for each in told if each["order_id"] != order["id"]]
    return f"nobody was told of {order['id']}"


def false_sold_out(sale: Sale, orders: list[Record], told: list[Record], random: Random) -> str:
    sale["initial"] += 3
    sale["stock"] += 3
    told[:] = [each for each in told if each["answer"] != "sold_out"]
    quantity = random.randint(1, 3)
    told.append({"buyer": 600, "quantity": quantity, "answer": "sold_out", "order_id": None})
    return f"buyer 600 wanted {quantity}, was told sold_out, and {sale['stock']} are left"


Plant = Callable[[Sale, list[Record], list[Record], Random], str]


def names(g: Grading, plant: Plant) -> None:
    """The audit has to name just what is planted, in several sales."""
    for _ in range(ROUNDS):
        world = clean_sale(g.random)
        what = plant(*world, g.random)
        expect_names(g, world, {plant.__name__}, what)


def expect_names(g: Grading, world: World, expected: set[str], what: str) -> None:
    sale, orders, told = world
    seen = g.call("audit", sale=sale, orders=orders, told=told)
    if not isinstance(seen, list) or set(map(str, seen)) != expected:
        raise Failed(f"In this sale {what}", expected=sorted(expected), seen=seen)


def names_oversold(g: Grading) -> None:
    names(g, oversold)


def names_not_conserved(g: Grading) -> None:
    names(g, not_conserved)


def names_over_limit(g: Grading) -> None:
    names(g, over_limit)


def names_outside_window(g: Grading) -> None:
    names(g, outside_window)


def names_wrong_price(g: Grading) -> None:
    names(g, wrong_price)


def names_order_missing(g: Grading) -> None:
    names(g, order_missing)


def names_order_untold(g: Grading) -> None:
    names(g, order_untold)


def names_false_sold_out(g: Grading) -> None:
    names(g, false_sold_out)


def no_false_alarm(g: Grading) -> None:
    for _ in range(ROUNDS * 2):
        expect_names(g, clean_sale(g.random), set(), "everything is as it should be")
