"""The oracle passes what is right, and names each violation planted in what is wrong."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from common.proof.facts import Counter, Facts
from common.proof.history import Told
from common.proof.oracle import RULES, Verdict, judge, tickets_end
from common.shop import Order, Sale, Ticket, TicketState

OPENS = datetime(2030, 1, 1, 12, tzinfo=UTC)
SALE = Sale(
    id=7,
    title="Kettle",
    title_zh="水壶",
    image="kettle.svg",
    price_cents=1999,
    list_price_cents=4999,
    initial=4,
    stock=0,
    buyer_limit=2,
    opens_at=OPENS,
    closes_at=OPENS + timedelta(hours=1),
    state="published",
    version=1,
)


def order(number: int, buyer: int, quantity: int = 1) -> Order:
    return Order(
        f"order-{number}", SALE.id, buyer, quantity, 1999, "placed", OPENS + timedelta(seconds=number)
    )


def told(attempt: int, buyer: int, outcome: str, quantity: int = 1, **rest: object) -> Told:
    fields = {
        "attempt": attempt,
        "buyer_id": buyer,
        "quantity": quantity,
        "key": f"key-{attempt}",
        "planned_at": 0.0,
        "sent_at": 0.0,
        "answered_at": 0.1,
        "status": {"accepted": 201, "refused": 409, "unknown": 503}[outcome],
        "outcome": outcome,
        "code": {"accepted": None, "refused": "sold_out", "unknown": "busy"}[outcome],
        "order_id": f"order-{attempt}" if outcome == "accepted" else None,
    }
    return Told(**{**fields, **rest})  # type: ignore[arg-type]


# Buyers 1 to 3 buy 1 + 2 + 1 of 4 units; buyer 4 comes too late; buyer 5 never hears, and owns nothing.
ORDERS = [order(1, 1), order(2, 2, 2), order(3, 3)]
HISTORY = [
    told(1, 1, "accepted"),
    told(2, 2, "accepted", 2),
    told(3, 3, "accepted"),
    told(4, 4, "refused"),
    told(5, 5, "unknown"),
]
CLEAN = Facts(SALE, ORDERS, HISTORY)


def with_orders(*orders: Order) -> Facts:
    return replace(CLEAN, orders=[*ORDERS, *orders])


def with_history(*history: Told) -> Facts:
    return replace(CLEAN, history=[*HISTORY, *history])


def with_order(number: int, **changed: object) -> Facts:
    """CLEAN with one of its orders changed."""
    orders = [replace(each, **changed) if each.id == f"order-{number}" else each for each in ORDERS]
    return replace(CLEAN, orders=orders)


def with_sale(**changed: object) -> Facts:
    return replace(CLEAN, sale=replace(SALE, **changed))  # type: ignore[arg-type]


def changed(orders: list[Order] = ORDERS, **terms: object) -> Facts:
    """CLEAN after one change by the back office, which was seen before and after."""
    return replace(CLEAN, sale=replace(SALE, **{"version": 2, **terms}), orders=orders, earlier=[SALE])  # type: ignore[arg-type]


COUNTER = Counter(left=0, bought={1: 1, 2: 2, 3: 1})


def with_counter(sale: Sale = SALE, orders: list[Order] = ORDERS, **changed: object) -> Facts:
    """CLEAN at a stage that sells from Redis."""
    return replace(CLEAN, sale=sale, orders=orders, counter=replace(COUNTER, **changed))  # type: ignore[arg-type]


def ticket(number: int, state: TicketState = "ordered", **rest: object) -> Ticket:
    """The ticket of buyer `number`, whose order it ends in."""
    order_id = f"order-{number}" if state == "ordered" else None
    problem = "sold_out" if state == "refused" else None
    return replace(Ticket(f"t-{number}", SALE.id, number, state, order_id, problem), **rest)  # type: ignore[arg-type]


def with_tickets(*seen: Ticket, orders: list[Order] = ORDERS) -> Facts:
    """CLEAN at a stage with tickets: those of the first two buyers have ended, and the rest is given."""
    tickets = {"t-1": [ticket(1)], "t-2": [ticket(2, "queued"), ticket(2)]}
    for each in seen:
        tickets.setdefault(each.id, []).append(each)
    return replace(CLEAN, orders=orders, tickets=tickets)


def verdict(facts: Facts, name: str) -> Verdict:
    return next(each for each in judge(facts) if each.name == name)


CLEAN_CASES = {
    "everything as it should be": CLEAN,
    "Redis and MariaDB agree": with_counter(),
    "some left in both, and nobody turned away": replace(
        with_counter(replace(SALE, initial=9, stock=5), left=5), history=HISTORY[:3]
    ),
    "an unknown attempt that did get its order": replace(
        with_orders(order(5, 5)), sale=replace(SALE, initial=5)
    ),
    "some units left and nobody turned away": Facts(replace(SALE, initial=9, stock=5), ORDERS, HISTORY[:3]),
    "one unit left, and turned away was who wanted two": Facts(
        replace(SALE, initial=5, stock=1), ORDERS, [*HISTORY[:3], told(4, 4, "refused", 2)]
    ),
    "turned away by the limit while units are left": Facts(
        replace(SALE, initial=5, stock=1), ORDERS, [*HISTORY[:3], told(4, 2, "refused", code="limit_reached")]
    ),
    "a cancelled order gave its units back": Facts(
        replace(SALE, stock=1), [ORDERS[0], ORDERS[1], replace(ORDERS[2], status="cancelled")], HISTORY[:3]
    ),
    "the same key was answered twice with the same order": with_history(
        told(6, 3, "accepted", key="key-3", order_id="order-3")
    ),
    "each ticket ended, in an order or in a refusal": with_tickets(
        ticket(3, "queued"), ticket(3, "working"), ticket(3), ticket(4, "working"), ticket(4, "refused")
    ),
    "a price lowered in mid-sale, and orders at either": changed(
        [*ORDERS[:2], replace(ORDERS[2], price_cents=999)], price_cents=999
    ),
    "a limit lowered below what a buyer has": changed(buyer_limit=1),
    "a window moved, and an order from before": changed(opens_at=ORDERS[2].created_at),
    "restocked after somebody was turned away": changed(initial=6, stock=2),
    "restocked, taken back, and looked at each time": replace(
        changed(version=3, initial=4, stock=0), earlier=[SALE, replace(SALE, initial=9, stock=5, version=2)]
    ),
    "restocked in Redis too": replace(
        with_counter(replace(SALE, initial=6, stock=2, version=2), left=2), earlier=[SALE]
    ),
    "the first and the last moment of the window": replace(
        CLEAN,
        orders=[
            replace(ORDERS[0], created_at=SALE.opens_at),
            replace(ORDERS[1], created_at=SALE.closes_at - timedelta(milliseconds=1)),
            ORDERS[2],
        ],
    ),
}


@pytest.mark.parametrize("facts", CLEAN_CASES.values(), ids=CLEAN_CASES)
def test_clean_facts_keep_every_guarantee(facts: Facts) -> None:
    rules = [rule for rule in RULES if facts.tickets or rule is not tickets_end]
    assert {each.name: each.state for each in judge(facts)} == {rule.__name__: "kept" for rule in rules}


# What is planted, the rule that must name it, and a word of the violation.
DOCTORED: dict[str, tuple[Facts, str, str]] = {
    "one order too many": (with_orders(order(6, 6)), "no_oversell", "1 too many"),
    "one order of too many units": (with_order(1, quantity=2), "no_oversell", "1 too many"),
    "paid orders count as sold": (
        with_orders(replace(order(6, 6), status="paid")),
        "no_oversell",
        "1 too many",
    ),
    "an order in a status nobody knows counts as sold": (
        with_orders(replace(order(6, 6), status="???")),
        "no_oversell",
        "1 too many",
    ),
    "a unit neither sold nor left": (replace(CLEAN, orders=ORDERS[:2]), "conserved", "1 lost"),
    "stock given back for nothing": (with_sale(stock=1), "conserved", "1 from nowhere"),
    "stock below zero hides an oversell": (with_sale(stock=-1, initial=4), "conserved", "1 lost"),
    "oversold, and the stock column agrees with nobody": (with_orders(order(6, 6)), "conserved", "nowhere"),
    "false sold-out": (with_sale(initial=5, stock=1), "conserved", "attempt 4 wanted 1"),
    "false sold-out for two": (
        Facts(replace(SALE, initial=6, stock=2), ORDERS, [*HISTORY[:3], told(4, 4, "refused", 2)]),
        "conserved",
        "attempt 4 wanted 2",
    ),
    "a unit held by nobody in Redis": (
        with_counter(replace(SALE, initial=5, stock=1), bought={1: 1, 2: 2, 3: 1, 4: 1}),
        "conserved",
        "1 lost in Redis",
    ),
    "Redis sells what is sold": (with_counter(left=1), "conserved", "1 from nowhere in Redis"),
    "Redis is right, and MariaDB's row is not": (
        with_counter(replace(SALE, stock=1)),
        "conserved",
        "1 from nowhere in MariaDB",
    ),
    "a limit used up by nothing": (
        with_counter(bought={1: 1, 2: 2, 3: 1, 4: 1}),
        "conserved",
        "buyer 4 owns 0, and Redis counts 1",
    ),
    "an order that Redis does not count": (
        with_counter(bought={1: 1, 2: 2}),
        "conserved",
        "buyer 3 owns 1, and Redis counts 0",
    ),
    "false sold-out by Redis": (
        with_counter(replace(SALE, initial=5, stock=1), left=1),
        "conserved",
        "attempt 4 wanted 1",
    ),
    "limit passed by one order": (with_order(2, quantity=3), "purchase_limit", "buyer 2 owns 3"),
    "limit passed by two orders": (with_orders(order(6, 2)), "purchase_limit", "buyer 2 owns 3"),
    "limit passed, the stock kept": (
        replace(CLEAN, orders=[replace(each, buyer_id=1) for each in ORDERS]),
        "purchase_limit",
        "buyer 1 owns 4",
    ),
    "told of an order that is not there": (
        with_history(told(6, 6, "accepted")),
        "acknowledged",
        "order-6, which does not exist",
    ),
    "told of another buyer's order": (
        with_history(told(6, 6, "accepted", order_id="order-1")),
        "acknowledged",
        "is for buyer 1",
    ),
    "the order has another quantity": (with_order(2, quantity=1), "acknowledged", "buyer 2 and 1 units"),
    "one order told for two keys": (
        with_history(told(6, 3, "accepted", order_id="order-3")),
        "acknowledged",
        "attempt 3 was told of too",
    ),
    "refused, and ordered all the same": (
        with_orders(order(6, 4)),
        "acknowledged",
        "attempt 4 was told sold_out",
    ),
    "an order out of the blue": (with_orders(order(6, 6)), "acknowledged", "nobody attempted that"),
    "two orders for one unknown attempt": (
        with_orders(order(6, 5), order(7, 5)),
        "acknowledged",
        "order-7 of buyer 5",
    ),
    "an order of more than the unknown attempt wanted": (
        with_orders(order(6, 5, 2)),
        "acknowledged",
        "order-6 of buyer 5",
    ),
    "a millisecond too early": (
        with_order(1, created_at=SALE.opens_at - timedelta(milliseconds=1)),
        "window",
        "order-1",
    ),
    "at the moment it ends": (with_order(3, created_at=SALE.closes_at), "window", "order-3"),
    "a ticket that nobody works on": (
        with_tickets(ticket(3), ticket(5, "queued")),
        "tickets_end",
        "t-5 is queued",
    ),
    "a worker that died": (with_tickets(ticket(3, "working")), "tickets_end", "t-3 is working"),
    "a ticket that went back": (
        with_tickets(ticket(3, "working"), ticket(3, "queued"), ticket(3)),
        "tickets_end",
        "t-3 went from working to queued",
    ),
    "refused, and ordered after all": (
        with_tickets(ticket(3, "refused"), ticket(3)),
        "tickets_end",
        "t-3 went from refused to ordered",
    ),
    "a ticket with two ends": (
        with_tickets(ticket(3, order_id="order-1"), ticket(3)),
        "tickets_end",
        "t-3 went from ordered to ordered",
    ),
    "a ticket whose order is not there": (
        with_tickets(ticket(3), ticket(5)),
        "tickets_end",
        "t-5 has order order-5, which its buyer does not own",
    ),
    "a ticket with somebody else's order": (
        with_tickets(ticket(3), ticket(4, order_id="order-3")),
        "tickets_end",
        "t-4 has order order-3, which its buyer does not own",
    ),
    "two tickets with one order": (
        with_tickets(ticket(3), ticket(3, id="t-9")),
        "tickets_end",
        "order-3 is the end of 2 tickets",
    ),
    "refused, and the order is there all the same": (
        with_tickets(ticket(3, "refused")),
        "tickets_end",
        "order-3 is the end of 0 tickets",
    ),
    "a price that the sale had neither before nor after": (
        changed([*ORDERS[:2], replace(ORDERS[2], price_cents=998)], price_cents=999),
        "price",
        "998 cents, not 999 or 1999",
    ),
    "over the limit before and after": (
        changed([replace(ORDERS[0], quantity=3), ORDERS[2]], buyer_limit=1),
        "purchase_limit",
        "buyer 1 owns 3",
    ),
    "outside the window before and after": (
        changed(
            [replace(ORDERS[0], created_at=SALE.closes_at), *ORDERS[1:]],
            closes_at=SALE.closes_at - timedelta(minutes=1),
        ),
        "window",
        "order-1",
    ),
    "a restock that was lost": (changed(initial=6, stock=0), "conserved", "2 lost"),
    "a restock that counts twice": (changed(initial=6, stock=4), "conserved", "2 from nowhere"),
    "oversold, even with the restock": (
        changed([*ORDERS, order(6, 6), order(7, 7)], initial=5),
        "no_oversell",
        "1 too many",
    ),
    "false sold-out of more than was restocked": (
        replace(changed(initial=7, stock=3), earlier=[replace(SALE, initial=6, stock=2)]),
        "conserved",
        "attempt 4 wanted 1",
    ),
    "a cent too cheap": (with_order(1, price_cents=1998), "price", "1998 cents"),
    "the list price": (with_order(2, price_cents=4999), "price", "4999 cents"),
    "for nothing": (with_order(3, price_cents=0), "price", "0 cents"),
}


@pytest.mark.parametrize(("facts", "rule", "words"), DOCTORED.values(), ids=DOCTORED)
def test_each_planted_violation_is_named(facts: Facts, rule: str, words: str) -> None:
    found = verdict(facts, rule)
    assert found.state == "broken"
    assert words in "\n".join([found.sentence, *found.evidence])


def with_a_gap(facts: Facts) -> Facts:
    """The back office changed something twice, and nobody looked in between."""
    return replace(facts, sale=replace(facts.sale, version=3), earlier=[facts.sale])


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        (with_order(1, price_cents=1), "price"),
        (with_order(2, quantity=3), "purchase_limit"),
        (with_order(3, created_at=SALE.closes_at), "window"),
        (with_sale(initial=5, stock=1), "conserved"),
    ],
)
def test_what_an_unseen_change_could_explain_is_not_called_broken(facts: Facts, rule: str) -> None:
    assert verdict(facts, rule).state == "broken"
    found = verdict(with_a_gap(facts), rule)
    assert found.state == "unknown"
    assert found.sentence.endswith("but not every version of the sale was seen")


@pytest.mark.parametrize("rule", ["no_oversell", "conserved", "acknowledged"])
def test_no_unseen_change_explains_what_the_sums_show(rule: str) -> None:
    broken = with_orders(order(6, 6))
    assert verdict(with_a_gap(broken), rule).state == "broken"


ALONE: dict[str, tuple[Facts, set[str]]] = {
    "limit": (replace(CLEAN, sale=replace(SALE, buyer_limit=1)), {"purchase_limit"}),
    "acknowledged": (with_history(told(6, 6, "accepted")), {"acknowledged"}),
    "window": (with_order(3, created_at=SALE.closes_at), {"window"}),
    "price": (with_order(3, price_cents=0), {"price"}),
    "conserved": (with_sale(initial=5, stock=1), {"conserved"}),
    "oversold": (with_orders(order(6, 5)), {"no_oversell", "conserved"}),
}


@pytest.mark.parametrize(("facts", "names"), ALONE.values(), ids=ALONE)
def test_a_violation_is_blamed_on_its_own_rule_only(facts: Facts, names: set[str]) -> None:
    assert {each.name for each in judge(facts) if each.state == "broken"} == names


def test_nothing_is_called_kept_while_something_is_under_way() -> None:
    states = {each.name: each.state for each in judge(replace(CLEAN, at_rest=False))}
    assert set(states.values()) == {"unknown"}


def test_a_unit_on_its_way_is_not_called_lost() -> None:
    on_its_way = replace(CLEAN, orders=ORDERS[:2], history=HISTORY[:2], at_rest=False)
    assert verdict(on_its_way, "conserved").state == "unknown"


def test_a_unit_on_its_way_through_redis_is_not_called_lost() -> None:
    held = replace(with_counter(replace(SALE, stock=1), ORDERS[:2]), history=HISTORY[:2], at_rest=False)
    assert verdict(held, "conserved").state == "unknown"


def test_when_redis_cannot_be_asked_nobody_knows_what_is_buyable() -> None:
    assert verdict(with_counter(left=None), "conserved").state == "unknown"


def test_a_ticket_under_way_is_not_called_lost() -> None:
    under_way = replace(with_tickets(ticket(3, "working"), ticket(5, "queued")), at_rest=False)
    assert verdict(under_way, "tickets_end").state == "unknown"


def test_a_shop_without_tickets_is_not_judged_by_them() -> None:
    assert "tickets_end" not in {each.name for each in judge(CLEAN)}


def test_an_oversell_is_called_broken_at_once() -> None:
    assert verdict(replace(with_orders(order(6, 6)), at_rest=False), "no_oversell").state == "broken"


@pytest.mark.parametrize("name", ["purchase_limit", "window", "price"])
def test_without_an_order_a_rule_about_orders_shows_nothing(name: str) -> None:
    assert verdict(Facts(replace(SALE, stock=4), [], HISTORY[3:4]), name).state == "unknown"


def test_without_a_history_nobody_knows_what_was_promised() -> None:
    assert verdict(replace(CLEAN, history=[]), "acknowledged").state == "unknown"


def test_the_worst_offender_comes_first() -> None:
    facts = replace(CLEAN, orders=[order(1, 1, 3), order(2, 2, 9), order(3, 3, 5)])
    assert [line.split()[1] for line in verdict(facts, "purchase_limit").evidence] == ["2", "3", "1"]


def test_the_figures_of_the_demo() -> None:
    facts = replace(with_history(told(6, 6, "accepted")), orders=[*ORDERS, order(7, 2), order(8, 8)])
    assert (facts.sold, facts.oversold, facts.over_limit) == (6, 2, {2: 3})
    assert [each.attempt for each in facts.missing] == [6]


def test_every_rule_has_a_planted_violation() -> None:
    rules: list[Callable[[Facts], Verdict]] = list(RULES)
    assert {rule.__name__ for rule in rules} == {name for _, name, _ in DOCTORED.values()}
