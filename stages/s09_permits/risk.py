"""What speaks against a visitor: one rule after another, each with its points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from common.shop import Visit

BROWSER = "Mozilla/"  # so every browser calls itself, for reasons of 1994


@dataclass(frozen=True)
class Past:
    """What is remembered about a visitor, this visit included.

    `accounts` have come from their address and `addresses` from their account within the last hour, `visits`
    within ten seconds; so many of their `mistakes` at challenges are ten minutes old at most. `born` is when
    the account was made, if there is one; only asked for when a rule wants to know.
    """

    accounts: int
    addresses: int
    visits: int
    mistakes: int
    now: datetime
    born: Callable[[], datetime | None]


@dataclass(frozen=True)
class Rule:
    """`points` is how much it counts, unless the back office says otherwise; 0 switches it off."""

    name: str
    points: int
    sees: Callable[[Visit, Past], bool]


def young_account(_: Visit, past: Past) -> bool:
    """The account is younger than a day: made for this sale, perhaps."""
    born = past.born()
    return born is None or past.now - born < timedelta(days=1)


def shared_address(visit: Visit, past: Past) -> bool:
    """More than five accounts come from this address. So they do from a campus: it must never decide alone.

    From this machine come load tests; where it is an edge's, all visitors would share it.
    """
    return past.accounts > 5 and not own_machine(visit.client)


def many_addresses(_: Visit, past: Past) -> bool:
    """The account comes from more than three addresses: one person has a phone, a home, an office."""
    return past.addresses > 3


def no_browser(visit: Visit, _: Past) -> bool:
    """It does not even say that it is a browser. A bot that does costs its author one line."""
    return not visit.device.startswith(BROWSER)


def no_page(visit: Visit, _: Past) -> bool:
    """It does not come from the page of this sale: people look first, and then press."""
    return not visit.came_from.partition("?")[0].endswith(f"/sales/{visit.sale_id}")


def in_a_hurry(_: Visit, past: Past) -> bool:
    """More visits in ten seconds than a page makes that waits as long as it was told to."""
    return past.visits > 8


def mistaken(_: Visit, past: Past) -> bool:
    """Several challenges answered wrong, or sooner than anybody can read: somebody is guessing."""
    return past.mistakes > 2


def trapped(visit: Visit, _: Past) -> bool:
    """A field that no person can see is filled in."""
    return visit.trapped


RULES = (
    Rule("young_account", 20, young_account),
    Rule("shared_address", 30, shared_address),
    Rule("many_addresses", 40, many_addresses),
    Rule("no_browser", 20, no_browser),
    Rule("no_page", 10, no_page),
    Rule("in_a_hurry", 30, in_a_hurry),
    Rule("mistaken", 40, mistaken),
    Rule("trapped", 100, trapped),
)


def against(visit: Visit, past: Past, points: Mapping[str, int]) -> dict[str, int]:
    """The rules that speak against this visitor, with their points. A rule without points is not asked."""
    asked = [(rule, points.get(rule.name, rule.points)) for rule in RULES]
    return {rule.name: worth for rule, worth in asked if worth and rule.sees(visit, past)}


def own_machine(client: str) -> bool:
    """Whether the address is this machine's usual own. (127.0.0.2 is somebody else: tests have visitors.)"""
    try:
        return ip_address(client) in (ip_address("127.0.0.1"), ip_address("::1"))
    except ValueError:
        return False
