"""The oracle: judges, guarantee by guarantee, from the database and from what the buyers were told.

It shares no code with any stage, and asks none: what a stage says about itself is not evidence. The rules are
pure functions over `Facts`, so that doctored facts can show that each rule notices what it is there for.

What the back office changes in mid-sale is known as far as somebody looked. What holds for any version seen
is right; where a version is missing, what a change could explain is "unknown", never "broken". Not noticed:
an order by terms that had been replaced when it was placed, and a false "sold out" of no more units than
were restocked since: the database does not keep when a version began.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from common.proof.facts import Counter, Facts
from common.proof.history import Told
from common.shop import Ticket, TicketState

State = Literal["kept", "broken", "unknown"]


@dataclass(frozen=True)
class Verdict:
    """What became of one guarantee. `evidence` holds one line for each violation found."""

    name: str
    state: State
    sentence: str
    evidence: tuple[str, ...] = ()


def judge(facts: Facts) -> list[Verdict]:
    """One verdict for each rule, in the order of `RULES`; on tickets only where there are some."""
    rules = RULES if facts.tickets else [rule for rule in RULES if rule is not tickets_end]
    verdicts = [rule(facts) for rule in rules]
    return verdicts if facts.at_rest else [_provisional(verdict) for verdict in verdicts]


def no_oversell(facts: Facts) -> Verdict:
    """Live orders never exceed the stock."""
    said = f"{facts.sold} of {facts.sale.initial} units are sold"
    if facts.oversold:
        return Verdict("no_oversell", "broken", f"{said}: {facts.oversold} too many")
    return Verdict("no_oversell", "kept", said)


def conserved(facts: Facts) -> Verdict:
    """At rest every unit is either sold or buyable, and nobody is told "sold out" of what is still there.

    Where Redis sells, its number has to add up, buyer by buyer too, and so has MariaDB's row.
    """
    counter = facts.counter
    left = facts.sale.stock if counter is None else counter.left
    if left is None:
        return Verdict("conserved", "unknown", "Redis does not answer: nobody knows what can be bought")
    gaps = _gap(facts, left, "" if counter is None else " in Redis")
    gaps += [] if counter is None else _gap(facts, facts.sale.stock, " in MariaDB")
    said = f"{facts.sold} sold and {left} left make {facts.sold + left} of {facts.sale.initial}"
    misjudged = [] if counter is None else _misjudged_buyers(facts, counter)
    if (gaps or misjudged) and not facts.at_rest:
        return Verdict("conserved", "unknown", f"{said}, with attempts still under way")
    if gaps:
        return Verdict("conserved", "broken", f"{said}: {', '.join(gaps)}", tuple(misjudged))
    if misjudged:
        return Verdict("conserved", "broken", f"{said}, but not for every buyer", tuple(misjudged))
    # But for what was restocked, stock only falls: what is left now was there when they were turned away.
    turned_away = [
        f"attempt {told.attempt} wanted {told.quantity} and was told sold_out"
        for told in facts.history
        if told.code == "sold_out" and told.outcome == "refused" and told.quantity <= left - facts.restocked
    ]
    if turned_away and facts.at_rest:
        sentence = f"false sold-out: {left} left, yet {len(turned_away)} attempts for no more were refused"
        return _if_all_was_seen(facts, Verdict("conserved", "broken", sentence, tuple(turned_away)))
    return Verdict("conserved", "kept", said)


def _gap(facts: Facts, left: int, where: str) -> list[str]:
    """What is missing, or too much, if that many are left."""
    gap = facts.sale.initial - left - facts.sold
    return [f"{abs(gap)} {'lost' if gap > 0 else 'from nowhere'}{where}"] if gap else []


def _misjudged_buyers(facts: Facts, counter: Counter) -> list[str]:
    """Buyers who own another number of units than Redis counts against their limit."""
    counts = {buyer: (counter.bought.get(buyer, 0), facts.bought[buyer]) for buyer in counter.bought}
    counts |= {buyer: (counter.bought.get(buyer, 0), units) for buyer, units in facts.bought.items()}
    return [
        f"buyer {buyer} owns {owns}, and Redis counts {counted}"
        for buyer, (counted, owns) in sorted(counts.items())
        if counted != owns
    ]


def purchase_limit(facts: Facts) -> Verdict:
    """No buyer owns more units than the sale allows one buyer."""
    limit = facts.limit
    if not facts.orders:
        return _nothing_sold("purchase_limit")
    if facts.over_limit:
        worst = max(facts.over_limit.values())
        sentence = f"{len(facts.over_limit)} buyers own more than {limit}, the worst of them {worst}"
        evidence = [f"buyer {buyer} owns {units}" for buyer, units in facts.over_limit.items()]
        return _if_all_was_seen(facts, Verdict("purchase_limit", "broken", sentence, tuple(evidence)))
    return Verdict("purchase_limit", "kept", f"no buyer owns more than {limit}")


def acknowledged(facts: Facts) -> Verdict:
    """Each success that was told has its order, just as told; each order was told to whoever attempted it."""
    if not facts.history:
        return Verdict("acknowledged", "unknown", "there is no history of what the buyers were told")
    lies, untold = _untrue_successes(facts), _orders_nobody_expects(facts)
    if lies or untold:
        parts = [f"{len(lies)} told successes are not true"] if lies else []
        parts += [f"{len(untold)} orders were told to nobody"] if untold else []
        return Verdict("acknowledged", "broken", " and ".join(parts), (*lies, *untold))
    successes = sum(told.outcome == "accepted" for told in facts.history)
    return Verdict("acknowledged", "kept", f"all {successes} told successes have their order")


def window(facts: Facts) -> Verdict:
    """No order was placed before the sale opened or after it ended."""
    outside = [
        f"order {order.id} is of {order.created_at:%Y-%m-%d %H:%M:%S.%f}"
        for order in facts.orders
        if not any(each.opens_at <= order.created_at < each.closes_at for each in facts.versions)
    ]
    if not facts.orders:
        return _nothing_sold("window")
    if outside:
        sentence = f"{len(outside)} orders lie outside the window"
        return _if_all_was_seen(facts, Verdict("window", "broken", sentence, tuple(outside)))
    return Verdict("window", "kept", "every order lies within the window")


def price(facts: Facts) -> Verdict:
    """Every order has the sale's price, or one that it had before."""
    prices = sorted({each.price_cents for each in facts.versions})
    wrong = [
        f"order {order.id} costs {order.price_cents} cents, not {' or '.join(map(str, prices))}"
        for order in facts.orders
        if order.price_cents not in prices
    ]
    if not facts.orders:
        return _nothing_sold("price")
    if wrong:
        sentence = f"{len(wrong)} orders have another price"
        return _if_all_was_seen(facts, Verdict("price", "broken", sentence, tuple(wrong)))
    return Verdict("price", "kept", "every order has the sale's price")


def tickets_end(facts: Facts) -> Verdict:
    """Each ticket moves only forward and ends, with an order of its own or with none."""
    wrong = [line for seen in facts.tickets.values() for line in _wrong_about(seen, facts)]
    wrong += _orders_without_one_ticket(facts)
    waiting = [seen[-1] for seen in facts.tickets.values() if not seen[-1].ended]
    said = f"{len(facts.tickets) - len(waiting)} of {len(facts.tickets)} tickets have ended"
    if wrong:
        return Verdict("tickets_end", "broken", f"{said}, and {len(wrong)} things are wrong", tuple(wrong))
    if waiting and facts.at_rest:
        evidence = tuple(f"ticket {ticket.id} is {ticket.state}" for ticket in waiting)
        return Verdict("tickets_end", "broken", said, evidence)
    return Verdict("tickets_end", "kept", said)


def _wrong_about(seen: Sequence[Ticket], facts: Facts) -> list[str]:
    """What is wrong about one ticket, by what it was seen to be."""
    last, orders = seen[-1], {order.id: order for order in facts.orders}
    wrong = [
        f"ticket {last.id} went from {one.state} to {other.state}"
        for one, other in pairwise(seen)
        if one != other and (one.ended or FORWARD.index(one.state) >= FORWARD.index(other.state))
    ]
    order = orders.get(last.order_id or "")
    if last.state == "ordered" and (order is None or order.buyer_id != last.buyer_id):
        wrong.append(f"ticket {last.id} has order {last.order_id}, which its buyer does not own")
    return wrong


def _orders_without_one_ticket(facts: Facts) -> list[str]:
    """Orders that no ticket has, or two. An order may be there before the end of its ticket."""
    named = collections.Counter(seen[-1].order_id for seen in facts.tickets.values())
    under_way = {seen[-1].buyer_id for seen in facts.tickets.values() if not seen[-1].ended}
    return [
        f"order {order.id} is the end of {named[order.id]} tickets"
        for order in facts.orders
        if named[order.id] != 1 and not (named[order.id] == 0 and order.buyer_id in under_way)
    ]


RULES: Sequence[Callable[[Facts], Verdict]] = (
    no_oversell,
    conserved,
    purchase_limit,
    acknowledged,
    window,
    price,
    tickets_end,
)
FORWARD: Sequence[TicketState] = ("queued", "working", "refused", "ordered")


def _untrue_successes(facts: Facts) -> list[str]:
    """What was told and is not so. A repeated answer to the same key is no second success."""
    orders = {order.id: order for order in facts.orders}
    told_of: dict[str | None, Told] = {}
    lies = []
    for told in facts.history:
        if told.outcome != "accepted":
            continue
        order, first = orders.get(told.order_id or ""), told_of.setdefault(told.order_id, told)
        said = f"attempt {told.attempt} was told of order {told.order_id},"
        if order is None:
            lies.append(f"{said} which does not exist")
        elif (order.buyer_id, order.quantity) != (told.buyer_id, told.quantity):
            lies.append(f"{said} which is for buyer {order.buyer_id} and {order.quantity} units")
        elif (first.buyer_id, first.key) != (told.buyer_id, told.key):
            lies.append(f"{said} which attempt {first.attempt} was told of too")
    return lies


def _orders_nobody_expects(facts: Facts) -> list[str]:
    """Orders that were not acknowledged, beyond those that "unknown" attempts of the buyer can explain."""
    acknowledged_ids = {told.order_id for told in facts.history if told.outcome == "accepted"}
    doubts = collections.Counter(
        (told.buyer_id, told.quantity) for told in facts.history if told.outcome == "unknown"
    )
    refused = {(told.buyer_id, told.quantity): told for told in facts.history if told.outcome == "refused"}
    unexpected = []
    for order in facts.orders:
        who = (order.buyer_id, order.quantity)
        if order.id in acknowledged_ids:
            continue
        if doubts[who]:
            doubts[who] -= 1
            continue
        no = refused.get(who)
        why = f"attempt {no.attempt} was told {no.code}" if no else "nobody attempted that"
        unexpected.append(f"order {order.id} of buyer {order.buyer_id}, {order.quantity} units: {why}")
    return unexpected


def _provisional(verdict: Verdict) -> Verdict:
    """A verdict while something may still happen: broken stays broken, kept is not known yet."""
    if verdict.state != "kept":
        return verdict
    return replace(verdict, state="unknown", sentence=f"{verdict.sentence}, with attempts still under way")


def _if_all_was_seen(facts: Facts, broken: Verdict) -> Verdict:
    """A change that nobody saw may be the reason: then nobody knows."""
    if not facts.unseen:
        return broken
    sentence = f"{broken.sentence}; but not every version of the sale was seen"
    return replace(broken, state="unknown", sentence=sentence)


def _nothing_sold(name: str) -> Verdict:
    return Verdict(name, "unknown", "nothing was sold, so nothing shows")
