"""s09: permits, the door before them, what it asks of whom, and what the back office may say."""

from __future__ import annotations

import http.client
import itertools
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from redis import Redis
from werkzeug.test import TestResponse

from common import work
from common.backends import Backends, Keys
from common.buyers import Buyer
from common.demo.contest import open_sale
from common.proof import crash, usual
from common.proof.costs import costs
from common.proof.door_scenarios import WITH_DOOR, Enter, no_more_than
from common.proof.explorer import Explorer
from common.proof.scenario import Scenario
from common.proof.schedule import in_step
from common.proof.steps import Recorder, Watcher
from common.running import Running
from common.seed import ADMIN, demo_buyer
from common.settings import Settings
from common.shop import (
    Attempt,
    Ban,
    Busy,
    Challenge,
    Door,
    Doorkeeper,
    Entry,
    LimitReached,
    NotOpen,
    Permit,
    PermitInvalid,
    PermitRequired,
    Refused,
    Sale,
    SoldOut,
    Solution,
    TurnedAway,
    Visit,
    Wait,
)
from common.stages import find
from common.web.bodies import DoorChange
from common.web.i18n import messages
from stages.s09_permits import foils, risk
from stages.s09_permits.challenge import LIFE, NUMBERS, THINKING, Challenges
from stages.s09_permits.keeper import USUAL
from stages.s09_permits.permits import Issued, Permits
from stages.s09_permits.places import Places
from stages.s09_permits.signing import Keyring
from tests.conftest import Fresh, MakeApp, apps
from tests.edge import Run, ask, press
from tests.measurements import s09_bots
from tests.web.conftest import Site
from tests.web.test_bad_inputs import check_problem
from tests.web.test_pages import sign_in
from tests.world import HandClock, Statements, World

Worlds = Callable[..., World]

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
numbers = itertools.count(70_000_001)  # buyers that no other test has; the door remembers all


class At:
    """A door, and people who come to it: with a browser, from the page, from an address of their own."""

    def __init__(self, shop: World) -> None:
        self.shop = shop
        assert shop.shop.door
        assert shop.shop.doorkeeper
        self.door: Door = shop.shop.door
        self.keeper: Doorkeeper = shop.shop.doorkeeper

    def visit(self, sale: Sale, buyer: int | None = None, **changed: Any) -> Visit:
        number = buyer or next(numbers)
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        visit = Visit(sale.id, number, address, BROWSER, f"http://shop/sales/{sale.id}")
        return replace(visit, **changed)

    def account(self, buyer: int, age: timedelta) -> None:
        """Give the buyer an account that is so old."""
        with self.shop.backends.sql() as db:
            db.run(
                "INSERT INTO buyers (id, name, password_hash, role, created_at)"
                " VALUES (%s, %s, '', 'buyer', %s)",
                *(buyer, f"visitor{buyer}", self.shop.clock() - age),
            )

    def challenge(self, visit: Visit) -> Challenge:
        entry = self.door.enter(visit)
        assert isinstance(entry, Challenge)
        return entry

    def pay(self, visit: Visit) -> Entry:
        """Ask, work, and come back."""
        asked = self.challenge(visit)
        return self.door.enter(replace(visit, solution=work.solution(asked.token, asked.bits)))

    def permit(self, visit: Visit) -> Permit:
        entry = self.door.enter(visit)
        assert isinstance(entry, Permit)
        return entry

    def attempt(self, visit: Visit, permit: Permit, quantity: int = 1) -> Attempt:
        made = usual.attempt(visit.sale_id, visit.buyer_id, self.shop.clock(), quantity)
        return replace(made, permit=permit.token)

    def buy(self, visit: Visit, permit: Permit, quantity: int = 1) -> object:
        return self.shop.press(self.attempt(visit, permit, quantity))


@pytest.fixture
def at(world: Worlds) -> At:
    """A door that lets everybody in at once: for what is about permits."""
    return At(world("s09"))


@pytest.fixture
def strict(world: Worlds) -> Iterator[At]:
    """A door as it is out of the box."""
    found = At(world("s09"))
    found.keeper.change(USUAL)
    yield found
    redis = found.shop.backends.stock
    for key in redis.scan_iter(match="s09:{door}:*", count=1000):
        redis.delete(key)


def keyring(*secrets: str) -> Keyring:
    return Keyring(*(secrets or ("a secret",)))


# What is signed.


@pytest.mark.parametrize("at_", [0, 3, 12, 20, -1])
def test_a_changed_letter_is_noticed_anywhere(at_: int) -> None:
    signed = keyring().sign("permit", [1, 2, 3, 1_900_000_000_000])
    other = "A" if signed[at_] != "A" else "B"
    changed = signed[:at_] + other + signed[at_:][1:]
    assert keyring().read("permit", signed) == [1, 2, 3, 1_900_000_000_000]
    assert keyring().read("permit", changed) is None


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "許可", "x" * 5000, "é.é.é", "\x00.\n."])
def test_what_was_never_signed_is_none(text: str) -> None:
    assert keyring().read("permit", text) is None


def test_what_is_signed_for_one_purpose_is_nothing_for_another() -> None:
    assert keyring().read("permit", keyring().sign("challenge", [1])) is None
    assert keyring("another").read("permit", keyring().sign("permit", [1])) is None


def test_a_secret_is_replaced_while_permits_are_out() -> None:
    old, both, new = keyring("old"), keyring("new", "old"), keyring("new")
    permit = old.sign("permit", [1])
    assert both.read("permit", permit) == [1]
    assert new.read("permit", permit) is None
    assert new.read("permit", both.sign("permit", [2])) == [2]


def test_a_question_of_before_the_secret_was_replaced_can_be_answered_after() -> None:
    visit, now = Visit(7, 1, "10.0.0.1"), datetime.now(UTC)
    asked = Challenges(keyring("old")).make(visit, 8, now)
    answered = replace(visit, solution=Solution(asked.token, words=str(numbers_of(asked.question["en"]))))
    later = now + timedelta(milliseconds=THINKING)
    assert Challenges(keyring("new", "old")).judge(answered, later).how == "right"
    assert Challenges(keyring("new")).judge(answered, later).how == "none"


def test_a_permit_is_for_one_buyer_at_one_sale() -> None:
    permits = Permits(keyring())
    permit = permits.write(7, 1, Issued(3, 1_900_000_000_000))
    assert permit.expires_at == datetime.fromtimestamp(1_900_000_000, UTC)
    attempt = replace(usual.attempt(7, 1, permit.expires_at), permit=permit.token)
    assert permits.read(attempt) == (3, 1_900_000_000_000)
    for other in (replace(attempt, buyer_id=2), replace(attempt, sale_id=8)):
        with pytest.raises(PermitInvalid):
            permits.read(other)


# One permit, one press.


def test_who_asks_again_gets_the_same_permit_until_it_is_used(at: At) -> None:
    sale = at.shop.new_sale(units=9, limit=9)
    visit = at.visit(sale)
    permit = at.permit(visit)
    assert [at.permit(visit) for _ in range(5)] == [permit] * 5
    at.buy(visit, permit)
    assert at.permit(visit) != permit


def test_a_used_permit_buys_nothing_and_the_press_that_used_it_keeps_its_answer(at: At) -> None:
    sale = at.shop.new_sale(units=9, limit=9)
    visit = at.visit(sale)
    attempt = at.attempt(visit, at.permit(visit))
    order = at.shop.press(attempt)
    with pytest.raises(PermitInvalid):
        at.shop.press(replace(attempt, id="new", key="another press"))
    assert at.shop.press(replace(attempt, id="again")) == order
    assert at.shop.press(replace(attempt, id="again", permit=None)) == order, "its answer needs no permit"
    assert len(at.shop.orders(sale)) == 1
    at.permit(visit)
    with pytest.raises(PermitInvalid):
        at.shop.press(replace(attempt, id="new", key="another press")), "not the one that is out now"


def test_a_permit_expires_by_the_shops_clock(at: At, clock: HandClock) -> None:
    at.keeper.change({"seconds": 60})
    sale = at.shop.new_sale(units=9, limit=9)
    one, other = at.visit(sale), at.visit(sale)
    permits = at.permit(one), at.permit(other)
    assert permits[0].expires_at - clock() <= timedelta(seconds=60)
    clock.forward(59.999)
    at.buy(one, permits[0])
    clock.forward(0.001)
    with pytest.raises(PermitInvalid):
        at.buy(other, permits[1])
    at.buy(other, at.permit(other))


def test_no_permit_outlives_its_sale(at: At, clock: HandClock) -> None:
    sale = at.shop.new_sale(units=1, closes_at=clock() + timedelta(seconds=5))
    assert at.permit(at.visit(sale)).expires_at - clock() <= timedelta(seconds=5)


def test_without_a_permit_nothing_is_sold(at: At, clock: HandClock) -> None:
    sale = at.shop.new_sale(units=1, limit=2)
    bare = usual.attempt(sale.id, next(numbers), clock())
    with pytest.raises(PermitRequired):
        at.shop.shop.buy(bare)
    for made_up in ("made.up.permit", "", "x" * 10_000):
        with pytest.raises(PermitInvalid):
            at.shop.shop.buy(replace(bare, permit=made_up))
    visit = at.visit(sale)
    permit = at.permit(visit)
    for refused in (SoldOut, PermitInvalid):  # a clear no uses it up, too
        with pytest.raises(refused):
            at.buy(visit, permit, quantity=2)
    assert at.shop.row(sale)["stock"] == 1


def test_a_made_up_permit_costs_no_more_than_the_look_at_the_limits(world: Worlds, at: At) -> None:
    heard = Recorder()
    shop = world("s09", watcher=heard)
    sale = at.shop.new_sale(units=1)
    attempt = replace(usual.attempt(sale.id, next(numbers), shop.clock()), permit="a.forged.one")
    heard.steps.clear()
    with pytest.raises(PermitInvalid):
        shop.shop.buy(attempt)
    assert [step.command.split()[0] for step in heard.steps] == ["let_through.lua"]


# So many permits, and no unit left over.


def test_no_more_permits_are_out_than_fit_the_stock(at: At) -> None:
    at.keeper.change({"per_unit": 3})
    sale = at.shop.new_sale(units=2)
    inside = [at.visit(sale) for _ in range(6)]
    permits = [at.permit(visit) for visit in inside]
    outside = at.visit(sale)
    told = at.door.enter(outside)
    assert isinstance(told, Wait)
    assert 2 <= told.seconds <= 5
    at.buy(inside[0], permits[0])
    assert isinstance(at.door.enter(outside), Wait), "for one unit left three may be out: five are"
    with pytest.raises(LimitReached):
        at.door.enter(inside[0])
    assert at.permit(inside[1]) == permits[1], "who has one is not asked to wait"


def test_who_never_presses_leaves_the_place_to_others_and_every_unit_is_sold(
    at: At, clock: HandClock
) -> None:
    """Hold and never buy: everybody who got a permit first sits on it."""
    at.keeper.change({"per_unit": 3, "seconds": 60})
    sale = at.shop.new_sale(units=2)
    hoarders = [at.visit(sale) for _ in range(6)]
    for hoarder in hoarders:
        at.permit(hoarder)
    people = [at.visit(sale) for _ in range(2)]
    assert all(isinstance(at.door.enter(person), Wait) for person in people)
    clock.forward(60)
    for person in people:
        at.buy(person, at.permit(person))
    assert at.shop.row(sale)["stock"] == 0
    with pytest.raises(SoldOut):
        at.door.enter(hoarders[0])


def test_who_is_told_sold_out_leaves_the_place_and_the_last_unit_is_sold(at: At) -> None:
    """They wanted two of one that is left. Their permit may not keep others from it."""
    at.keeper.change({"per_unit": 1})
    sale = at.shop.new_sale(units=1, limit=2)
    greedy, modest = at.visit(sale), at.visit(sale)
    permit = at.permit(greedy)
    assert isinstance(at.door.enter(modest), Wait)
    with pytest.raises(SoldOut):
        at.buy(greedy, permit, quantity=2)
    at.buy(modest, at.permit(modest))
    assert at.shop.row(sale)["stock"] == 0


def test_a_restock_lets_more_people_in(at: At) -> None:
    at.keeper.change({"per_unit": 1})
    sale = at.shop.new_sale(units=1)
    at.permit(at.visit(sale))
    outside = at.visit(sale)
    assert isinstance(at.door.enter(outside), Wait)
    at.shop.office.restock(sale.id, 1)
    at.permit(outside)


def test_a_crowd_in_step_gets_no_more_permits_than_there_are_places(
    world: Worlds, explorer: Callable[..., Explorer]
) -> None:
    """Eight visitors of eight processes, who all look before anybody gets anything."""
    visits = tuple(Enter(f"visitor {number}", number) for number in range(1, 9))
    crowd = Scenario("crowd", "eight at the door", 2, 1, visits, rules=(no_more_than(4),))
    playing = explorer("s09")
    keeper = world("s09").shop.doorkeeper
    assert keeper
    keeper.change({"per_unit": 2})
    run = playing.play(crowd, in_step)
    assert run.broken == ()
    got = [type(outcome) for outcome in run.outcomes.values()]
    assert (got.count(Permit), got.count(Wait)) == (4, 4)


def test_one_buyer_at_the_door_twice_at_once_has_one_permit(explorer: Callable[..., Explorer]) -> None:
    found = explorer("s09").explore(WITH_DOOR["two-visits"])
    found.check_power()
    assert found.exhaustive
    assert all(len(set(map(str, run.outcomes.values()))) == 1 for run in found.runs)


@dataclass(frozen=True)
class EnterOnce:
    """One visit, its round trips watched. Goes into a process of its own."""

    settings: Settings
    visit: Visit

    def __call__(self, watcher: Watcher) -> object:
        shop = find("s09").load().create_shop(Backends.connect("s09", self.settings).observe(watcher))
        return shop.door.enter(self.visit)


def test_killed_anywhere_at_the_door_nobody_has_lost_anything(at: At, settings: Settings) -> None:
    """Who comes again gets a permit, the one that was given out if there was one; a place is taken once."""
    at.keeper.change({"per_unit": 1})
    sale = at.shop.new_sale(units=1)
    steps = crash.count_steps(EnterOnce(settings, at.visit(sale)))
    for step in range(1, steps + 1):
        sale = at.shop.new_sale(units=1)
        visit = at.visit(sale)
        crash.die_after(step, EnterOnce(settings, visit))
        at.buy(visit, at.permit(visit))
        assert at.shop.broken(sale) == ""
    assert steps == 2


def test_a_planted_place_for_ever_leaves_units_unsold(world: Worlds, at: At, clock: HandClock) -> None:
    """Without the line that forgets expired permits, who holds one and never buys keeps everybody out."""

    class ForEver(Places):
        def __init__(self, redis: Redis, keys: Keys) -> None:
            super().__init__(redis, keys)
            lines = (find("s09").folder / "issue.lua").read_text().splitlines()
            kept = [line for line in lines if "ZREMRANGEBYSCORE" not in line]
            assert len(kept) == len(lines) - 1
            self._issue = redis.register_script("\n".join(kept))

    planted = At(world("s09", places=ForEver))
    planted.keeper.change({"per_unit": 1, "seconds": 60})
    for door, told in ((at, Permit), (planted, Wait)):
        sale = door.shop.new_sale(units=1)
        door.permit(door.visit(sale))
        clock.forward(60)
        assert isinstance(door.door.enter(door.visit(sale)), told)


# The challenge.


def numbers_of(question: str) -> int:
    """The sum that a question asks for."""
    found = [NUMBERS["en"].index(word) for word in re.findall(r"[a-z]+", question) if word in NUMBERS["en"]]
    assert len(found) == 2
    return sum(found)


@pytest.fixture
def asked(strict: At) -> tuple[Visit, Challenge]:
    visit = strict.visit(strict.shop.new_sale(units=9, limit=9))
    return visit, strict.challenge(visit)


def test_the_work_is_what_the_words_say(asked: tuple[Visit, Challenge], strict: At) -> None:
    visit, challenge = asked
    solved = work.solution(challenge.token, challenge.bits)
    assert work.zero_bits(challenge.token, solved.work) >= challenge.bits >= USUAL["bits"]
    strict.permit(replace(visit, solution=solved))


def test_nobody_is_asked_twice_and_a_solution_brings_one_permit(
    asked: tuple[Visit, Challenge], strict: At
) -> None:
    visit, challenge = asked
    solved = replace(visit, solution=work.solution(challenge.token, challenge.bits))
    permit = strict.permit(solved)
    assert strict.permit(solved) == permit, "the answer was lost, and asked for again"
    strict.buy(visit, permit)
    assert isinstance(strict.door.enter(solved), Challenge), "spent: work is paid for each permit"


@pytest.mark.parametrize("wrong", ["work", "words", "another's", "another sale", "made up", "too late"])
def test_what_is_no_solution_brings_another_challenge(
    asked: tuple[Visit, Challenge], strict: At, clock: HandClock, wrong: str
) -> None:
    visit, challenge = asked
    right = work.solution(challenge.token, challenge.bits)
    bad = next(str(n) for n in itertools.count() if work.zero_bits(challenge.token, str(n)) < 8)
    if wrong == "too late":
        clock.forward(LIFE)
    shown = {
        "work": replace(visit, solution=Solution(challenge.token, work=bad)),
        "words": replace(visit, solution=Solution(challenge.token, words="99")),
        "another's": replace(strict.visit(strict.shop.new_sale(1)), sale_id=visit.sale_id, solution=right),
        "another sale": replace(visit, sale_id=strict.shop.new_sale(1).id, solution=right),
        "made up": replace(visit, solution=Solution("a.b.c", work="1")),
        "too late": replace(visit, solution=right),
    }
    again = strict.challenge(shown[wrong])
    assert again.token != challenge.token


def test_a_question_that_can_be_read_aloud_does_as_well(
    asked: tuple[Visit, Challenge], strict: At, clock: HandClock
) -> None:
    """In both languages the same sum; typed as an input method writes it; and no quicker than a person."""
    visit, challenge = asked
    total = numbers_of(challenge.question["en"])
    a, b = (word for word in NUMBERS["zh"] if word in challenge.question["zh"]) if total % 2 else (None, None)
    assert a is None or NUMBERS["zh"].index(a) + NUMBERS["zh"].index(b) == total
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in str(total))
    told = replace(visit, solution=Solution(challenge.token, words=f" {wide} "))
    clock.forward((THINKING - 1) / 1000)
    assert isinstance(strict.door.enter(told), Challenge), "nobody reads and types so fast"
    clock.forward(0.001)
    strict.permit(told)


def test_the_answer_is_not_in_the_challenge(strict: At) -> None:
    """What stands for it there differs for the same sum, and cannot be worked out without the key."""
    visit = strict.visit(strict.shop.new_sale(1))
    made = [Challenges(keyring()).make(visit, 8, strict.shop.clock()) for _ in range(200)]
    sums = [numbers_of(each.question["en"]) for each in made]
    written = [keyring().read("challenge", each.token) for each in made]
    assert len(set(sums)) < 20
    assert len({facts[-1] for facts in written if facts}) == len(made)


def test_the_foil_with_one_answer_for_all_lets_the_second_visitor_spoil_the_first(
    world: Worlds, strict: At, clock: HandClock
) -> None:
    foil = At(world("s09", challenges=foils.OneAnswerForAll))
    foil.keeper.change(USUAL)
    wrong = {"right": 0, "foil": 0}
    for name, door in (("right", strict), ("foil", foil)):
        for _ in range(10):
            sale = door.shop.new_sale(units=9)
            first, second = door.visit(sale), door.visit(sale)
            asked = door.challenge(first)
            door.challenge(second)
            clock.forward(5)
            words = str(numbers_of(asked.question["en"]))
            told = door.door.enter(replace(first, solution=Solution(asked.token, words=words)))
            wrong[name] += not isinstance(told, Permit)
    assert wrong["right"] == 0
    assert wrong["foil"] > 0


def test_nobody_works_for_what_cannot_be_had(strict: At, clock: HandClock) -> None:
    """Nor in advance."""
    early = strict.shop.new_sale(units=1, opens_at=clock() + timedelta(minutes=1))
    with pytest.raises(NotOpen):
        strict.door.enter(strict.visit(early))
    gone = strict.shop.new_sale(units=1)
    visit = strict.visit(gone)
    permit = strict.pay(visit)
    assert isinstance(permit, Permit)
    strict.buy(visit, permit)
    strict.shop.office.change(gone.id, {"price_cents": 1})  # the caches hear of it
    with pytest.raises(SoldOut):
        strict.door.enter(strict.visit(gone))


# What speaks against somebody.

OLD = timedelta(days=30)


def price(at: At, visit: Visit) -> int:
    """The points that a visitor's work amounts to, in tens."""
    return (at.challenge(visit).bits - USUAL["bits"]) * 10


def known_person(at: At, sale: Sale) -> Visit:
    visit = at.visit(sale)
    at.account(visit.buyer_id, OLD)
    return visit


def test_against_a_person_with_a_browser_nothing_speaks(strict: At) -> None:
    assert price(strict, known_person(strict, strict.shop.new_sale(1))) == 0


def make_suspicious(name: str, at: At, sale: Sale) -> Visit:
    """Somebody whom one rule sees, and no other."""
    visit = known_person(at, sale)
    match name:
        case "young_account":
            visit = at.visit(sale)
            at.account(visit.buyer_id, timedelta(hours=23))
        case "shared_address":
            for _ in range(5):
                at.challenge(replace(known_person(at, sale), client=visit.client))
        case "many_addresses":
            for n in range(3):
                at.challenge(replace(visit, client=f"192.0.2.{n}"))
        case "no_browser":
            visit = replace(visit, device="curl/8.5.0")
        case "no_page":
            visit = replace(visit, came_from="")
        case "in_a_hurry":
            for _ in range(8):
                at.challenge(visit)
        case "mistaken":
            for _ in range(3):
                at.challenge(replace(visit, solution=Solution(at.challenge(visit).token, words="99")))
        case "trapped":
            visit = replace(visit, trapped=True)
    return visit


@pytest.mark.parametrize("rule", risk.RULES[:-1], ids=lambda rule: rule.name)
def test_each_rule_makes_the_work_as_much_more_as_it_says(strict: At, rule: risk.Rule) -> None:
    """And switched off it does not. (The last one, the trap, does more.)"""
    sale = strict.shop.new_sale(units=9)
    strict.keeper.change({"in_a_hurry": 0} if rule.name == "mistaken" else {})
    visit = make_suspicious(rule.name, strict, sale)
    assert price(strict, visit) == rule.points
    strict.keeper.change({rule.name: 0})
    assert price(strict, visit) == 0


def test_one_step_before_the_rules_see_nothing_yet(strict: At) -> None:
    sale = strict.shop.new_sale(units=9)
    visit = known_person(strict, sale)
    for _ in range(4):
        strict.challenge(replace(known_person(strict, sale), client=visit.client))
    for n in range(2):
        strict.challenge(replace(visit, client=f"192.0.2.{n}"))
    assert price(strict, visit) == 0


def test_from_this_machine_many_accounts_may_come(strict: At) -> None:
    """Load tests do; and behind a proxy that hides its visitors, everybody would."""
    sale = strict.shop.new_sale(units=9)
    for _ in range(8):
        assert price(strict, replace(known_person(strict, sale), client="127.0.0.1")) == 0


def test_too_many_points_are_too_many_and_the_back_office_says_how_many(strict: At) -> None:
    visit = replace(strict.visit(strict.shop.new_sale(1)), device="curl", came_from="")  # and no account: 50
    assert price(strict, visit) == 50
    strict.keeper.change({"refuse_from": 50})
    with pytest.raises(TurnedAway):
        strict.door.enter(visit)
    strict.keeper.change({"refuse_from": 0})
    assert price(strict, visit) == 50


def test_who_steps_into_the_trap_is_out_for_a_while(strict: At) -> None:
    sale = strict.shop.new_sale(units=9)
    visit, other = known_person(strict, sale), known_person(strict, sale)
    with pytest.raises(TurnedAway):
        strict.door.enter(replace(visit, trapped=True))
    with pytest.raises(TurnedAway) as away:
        strict.door.enter(visit)
    assert 3500 < (away.value.retry_after or 0) <= 3600
    assert price(strict, other) == 0
    [ban] = strict.keeper.bans()
    assert (ban.kind, ban.who) == ("buyer", str(visit.buyer_id))
    strict.keeper.ban(replace(ban, seconds=0))
    assert strict.keeper.bans() == []
    assert isinstance(strict.pay(visit), Permit)


@pytest.mark.parametrize(
    ("banned", "client"),
    [("203.0.113.9", "203.0.113.9"), ("2001:db8::1", "2001:db8::2"), ("2001:db8::/64", "2001:db8::3")],
)
def test_an_address_can_be_banned_for_everybody_behind_it(strict: At, banned: str, client: str) -> None:
    """Of IPv6 the half that its owner cannot choose."""
    sale = strict.shop.new_sale(units=9)
    strict.keeper.ban(Ban("address", banned, 60))
    with pytest.raises(TurnedAway):
        strict.door.enter(strict.visit(sale, client=client))
    strict.challenge(strict.visit(sale, client="203.0.113.10"))


def test_a_ban_ends_by_itself(strict: At) -> None:
    visit = strict.visit(strict.shop.new_sale(1))
    strict.keeper.ban(Ban("buyer", str(visit.buyer_id), 60))
    redis, name = strict.shop.backends.stock, f"s09:{{door}}:ban:buyer:{visit.buyer_id}"
    assert 0 < redis.ttl(name) <= 60
    redis.pexpire(name, 1)
    while redis.exists(name):
        pass
    strict.challenge(visit)


def test_all_that_is_remembered_expires(strict: At) -> None:
    visit = make_suspicious("mistaken", strict, strict.shop.new_sale(1))
    redis = strict.shop.backends.stock
    names = set(redis.scan_iter(match="s09:{door}:*", count=1000)) - {b"s09:{door}:settings"}
    assert {name.split(b":")[2] for name in names} == {b"accounts", b"addresses", b"visits", b"mistakes"}
    assert all(0 < redis.ttl(name) <= 3600 for name in names)
    assert visit


def test_a_change_is_obeyed_by_the_next_visit_in_every_process(world: Worlds, strict: At) -> None:
    other = At(world("s09"))
    strict.keeper.change(USUAL)
    visit = known_person(strict, strict.shop.new_sale(units=9))
    before = other.challenge(visit).bits
    strict.keeper.change({"bits": before + 3})
    assert other.challenge(visit).bits == before + 3
    strict.keeper.change({"bits": 0})
    assert isinstance(other.door.enter(visit), Permit)


# What it costs, and what happens while a server is away.


def test_a_permit_costs_two_round_trips_with_work_three_and_no_sql_for_who_is_known(
    world: Worlds, strict: At
) -> None:
    heard = Recorder()
    watched = At(world("s09", watcher=heard))
    strict.keeper.change(USUAL)
    sale = strict.shop.new_sale(units=9)
    for visit in (strict.visit(sale) for _ in range(2)):  # the first one opens the connections
        strict.account(visit.buyer_id, OLD)
        heard.steps.clear()
        assert isinstance(watched.pay(visit), Permit)
    assert [(step.server, step.command.split()[0]) for step in heard.steps] == [
        ("Redis", "look.lua"),
        ("MariaDB", "SELECT"),  # how old the account is, once
        ("Redis", "look.lua"),
        ("Redis", "issue.lua"),
    ]


def test_an_open_door_costs_two_round_trips_more(settings: Settings) -> None:
    before, now = (costs(find(code), settings)["accepted"] for code in ("s08", "s09"))
    assert (now.mariadb, now.redis) == (before.mariadb, before.redis + 2)


def test_who_cannot_have_anything_costs_the_database_nothing(strict: At, clock: HandClock) -> None:
    """With everything switched on, and accounts that this process has never seen."""
    early = strict.shop.new_sale(units=1, opens_at=clock() + timedelta(minutes=1))
    closed, gone = strict.shop.new_sale(units=1), strict.shop.new_sale(units=1)
    strict.shop.office.close(closed.id)
    visit = known_person(strict, gone)
    permit = strict.pay(visit)
    assert isinstance(permit, Permit)
    strict.buy(visit, permit)
    strict.shop.office.change(gone.id, {"price_cents": 1})  # the caches hear of it
    for sale in (early, closed, gone):  # and are warm
        with pytest.raises(Refused):
            strict.door.enter(strict.visit(sale))
    statements = Statements(strict.shop)
    told = set()
    for sale in (early, closed, gone) * 10:
        try:
            strict.door.enter(strict.visit(sale))
        except Refused as refused:
            told.add(refused.type)
    assert told == {"not_open", "ended", "sold_out"}
    assert statements.since() == 0


def test_while_redis_is_away_nobody_gets_in(world: Worlds, settings: Settings) -> None:
    sale = world("s09").new_sale(units=1)
    away = replace(settings, redis_url="redis://127.0.0.1:1/0")
    shop = find("s09").load().create_shop(world("s09").backends.connect("s09", away))
    with pytest.raises(Busy) as busy:
        shop.door.enter(Visit(sale.id, next(numbers), "127.0.0.1"))
    assert busy.value.retry_after


def test_permits_survive_nothing_that_redis_loses_and_everybody_gets_a_new_one(at: At) -> None:
    sale = at.shop.new_sale(units=2)
    visit = at.visit(sale)
    permit = at.permit(visit)
    redis = at.shop.backends.stock
    redis.delete(*redis.keys(f"s09:{{{sale.id}}}:*"))
    with pytest.raises(PermitInvalid):
        at.buy(visit, permit)
    at.shop.clock.forward(0.001)  # type: ignore[attr-defined]
    at.buy(visit, at.permit(visit))
    assert at.shop.row(sale)["stock"] == 1


# Over HTTP: programs.


@pytest.fixture(scope="module")
def site(fresh: Fresh, settings: Settings) -> Iterator[Site]:
    """With the door as it is out of the box. Its visitors have no accounts, and no browsers: 13 bits."""
    fresh("s09")
    with apps(settings) as make:
        made = Site(make("s09"))
        made.sign_up()
        yield made


@pytest.fixture
def set_door(site: Site) -> Iterator[Callable[..., TestResponse]]:
    """`set_door(bits=0)`: PATCH /api/admin/door. As it was at the end."""
    yield lambda **body: site.call("PATCH", "/api/admin/door", site.admin, json=body)
    site.context.backends.stock.delete("s09:{door}:settings")


def enter(site: Site, sale: Sale, by: Buyer, **body: Any) -> TestResponse:
    return site.call("POST", f"/api/sales/{sale.id}/entry", by, json=body)


def permit_for(site: Site, sale: Sale, by: Buyer) -> str:
    asked = enter(site, sale, by).json
    found = work.solution(asked["challenge"], asked["bits"])
    return str(enter(site, sale, by, challenge=found.token, work=found.work).json["permit"])


def order(site: Site, sale: Sale, by: Buyer, key: str, **body: Any) -> TestResponse:
    path, headers = f"/api/sales/{sale.id}/orders", {"Idempotency-Key": key}
    return site.call("POST", path, by, json={"quantity": 1, **body}, headers=headers)


def test_the_whole_way_challenge_permit_ticket_and_the_same_again(site: Site) -> None:
    sale, buyer = site.sale(), site.buyer()
    assert site.call("GET", f"/api/sales/{sale.id}").json["entry"] == f"/api/sales/{sale.id}/entry"
    asked = enter(site, sale, buyer)
    assert asked.status_code == 403
    check_problem(asked)
    assert asked.json["code"] == "challenge"
    assert asked.json["question"].endswith("Write a number.")
    permit = permit_for(site, sale, buyer)
    answer = order(site, sale, buyer, "k", permit=permit)
    assert answer.status_code == 202
    assert order(site, sale, buyer, "k", permit=permit).json == answer.json
    again = order(site, sale, buyer, "l", permit=permit)
    assert (again.status_code, again.json["code"]) == (403, "permit_invalid")
    check_problem(again)


def test_no_permit_somebody_elses_or_a_forged_one_is_403(site: Site) -> None:
    sale, buyer = site.sale(), site.buyer()
    none = order(site, sale, buyer, "k")
    assert (none.status_code, none.json["code"]) == (403, "permit_required")
    check_problem(none)
    permit = permit_for(site, sale, buyer)
    for shown in (permit_for(site, sale, site.buyer()), permit[:-4] + "AAAA", "x"):
        answer = order(site, sale, buyer, "k", permit=shown)
        assert (answer.status_code, answer.json["code"]) == (403, "permit_invalid")
    assert order(site, sale, buyer, "k", permit=permit).status_code == 202


def test_what_the_secret_of_before_has_signed_is_taken_while_it_is_a_fallback(
    site: Site, make_app: MakeApp
) -> None:
    """Bearer token and permit. What a secret that the shop does not know has signed is not."""
    sale, buyer, before = site.sale(), site.buyer(), site.settings.secret_key

    def shop(secret: str, *fallbacks: str) -> Site:
        settings = replace(site.settings, secret_key=secret, secret_key_fallbacks=fallbacks)
        return Site(make_app("s09", settings=settings))

    replacing, replaced, unknown = shop("new", before), shop("new"), shop("unknown")
    permit, strange = permit_for(site, sale, buyer), permit_for(unknown, sale, unknown.buyer())
    for there, shown in ((replaced, permit), (replacing, strange)):
        answer = order(there, sale, buyer, "k", permit=shown)
        assert (answer.status_code, answer.json["code"]) == (403, "permit_invalid")
    for signed_in, status in ((unknown, 401), (site, 202)):
        path, sent = f"/api/sales/{sale.id}/orders", {"quantity": 1, "permit": permit}
        assert replacing.call("POST", path, headers=signed_in.bearer(buyer), json=sent).status_code == status


def test_who_has_to_wait_is_told_how_long(site: Site, set_door: Callable[..., TestResponse]) -> None:
    assert set_door(bits=0, per_unit=1).status_code == 200
    sale = site.sale(units=1)
    first = enter(site, sale, site.buyer())
    assert (first.status_code, set(first.json)) == (200, {"permit", "expires_at"})
    answer = enter(site, sale, site.buyer())
    assert answer.status_code == 202
    assert int(answer.headers["Retry-After"]) == answer.json["wait"] >= 2
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"work": "abc"}, "work"),
        ({"work": 5}, "work"),
        ({"work": "1" * 21}, "work"),
        ({"challenge": "no such letters!"}, "challenge"),
        ({"challenge": "x" * 513}, "challenge"),
        ({"answer": "x" * 41}, "answer"),
        ({"answer": "a\nb"}, "answer"),
        ({"permit": "x"}, "permit"),
    ],
)
def test_what_is_no_knock_is_refused_by_name(site: Site, body: dict[str, Any], field: str) -> None:
    answer = enter(site, site.sale(), site.buyer(), **body)
    assert answer.status_code == 422
    check_problem(answer)
    assert answer.json["errors"][0]["field"] == field


def test_the_door_has_no_secret_side_entrance(site: Site) -> None:
    sale = site.sale()
    assert site.call("POST", f"/api/sales/{sale.id}/entry", json={}).status_code == 401
    assert enter(site, site.draft(), site.buyer()).status_code == 404
    early = site.sale(opens_at=datetime.now(UTC) + timedelta(minutes=5))
    answer = enter(site, early, site.buyer())
    assert (answer.status_code, answer.json["code"]) == (403, "not_open")


def test_a_filled_trap_bans_the_account(site: Site) -> None:
    sale, buyer = site.sale(), site.buyer()
    answer = enter(site, sale, buyer, website="http://buy-followers.example")
    assert (answer.status_code, answer.json["code"]) == (403, "turned_away")
    check_problem(answer)
    assert int(enter(site, sale, buyer).headers["Retry-After"]) > 3500
    assert enter(site, sale, site.buyer()).json["code"] == "challenge"
    [ban] = site.call("GET", "/api/admin/bans", site.admin).json["bans"]
    assert ban["who"] == str(buyer.id)
    body = {"kind": "buyer", "who": str(buyer.id), "seconds": 0}
    assert site.call("POST", "/api/admin/bans", site.admin, json=body).json == {"bans": []}
    assert enter(site, sale, buyer).json["code"] == "challenge"


# Over HTTP: the back office.


def test_the_back_office_sees_and_changes_the_door(site: Site, set_door: Callable[..., TestResponse]) -> None:
    assert site.call("GET", "/api/admin/door", site.admin).json["settings"] == USUAL
    answer = set_door(bits=14, no_page=0)
    assert answer.json["settings"] == {**USUAL, "bits": 14, "no_page": 0}
    sale = site.sale()
    assert enter(site, sale, site.buyer()).json["bits"] == 14 + 4


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"bits": 21}, "bits"),
        ({"bits": -1}, "bits"),
        ({"bits": "8"}, "bits"),
        ({"seconds": 0}, "seconds"),
        ({"no_such_rule": 1}, "no_such_rule"),
        ({"trapped": 1001}, "trapped"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_name_and_changes_nothing(
    site: Site, set_door: Callable[..., TestResponse], body: dict[str, Any], field: str
) -> None:
    answer = set_door(**body)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == field
    assert site.call("GET", "/api/admin/door", site.admin).json["settings"] == USUAL


def test_only_an_admin_may_look_or_change(site: Site) -> None:
    for path, method in (("door", "PATCH"), ("bans", "POST")):
        for asked, body in (("GET", {}), (method, {"json": {}})):
            assert site.call(asked, f"/api/admin/{path}", **body).status_code == 401
            assert site.call(asked, f"/api/admin/{path}", site.buyer(), **body).status_code == 403


def test_the_bots_are_the_same_for_the_same_seed_and_nobody_can_act_before_the_others() -> None:
    plans = s09_bots.plans()
    assert plans == s09_bots.plans() != s09_bots.plans(seed=1)
    assert len(s09_bots.BOTS) >= 8
    assert all(re.match(r"OAT-0[0-2][0-9] ", threat) for _, threat in s09_bots.BOTS.values())
    assert all(hasattr(s09_bots.Visitor, s09_bots.behaviour(kind)) for kind in {p.kind for p in plans})
    assert min(p.at for p in plans if p.kind == s09_bots.PERSON) > 0.3, "a person has to see it first"


def test_every_setting_has_a_field_and_a_rule_of_its_own_name(site: Site) -> None:
    assert list(DoorChange.model_fields) == list(USUAL)
    assert {f"door_setting.{name}" for name in USUAL} <= set(messages("zh"))


@pytest.fixture
def office(site: Site) -> Iterator[FlaskClient]:
    browser = site.app.test_client()
    assert sign_in(browser, ADMIN).status_code == 303
    yield browser
    site.context.backends.stock.delete("s09:{door}:settings")


def send(office: FlaskClient, path: str, **fields: object) -> TestResponse:
    [token] = set(re.findall(r'name="csrf_token" value="([^"]+)"', office.get("/admin/door").text))
    return office.post(path, data={"csrf_token": token, **fields})


def test_the_back_office_has_a_page_for_it(site: Site, office: FlaskClient) -> None:
    keeper = site.context.shop.doorkeeper
    assert "/admin/door" in office.get("/admin").text
    assert 'name="shared_address"' in office.get("/admin/door").text
    answer = send(office, "/admin/door", **{**USUAL, "bits": "１０"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/door")
    assert keeper.settings() == {**USUAL, "bits": 10}
    wrong = send(office, "/admin/door", **{**USUAL, "bits": "many", "seconds": "0"})
    assert wrong.status_code == 422
    assert 'id="bits-error"' in wrong.text
    assert 'value="many"' in wrong.text
    assert keeper.settings() == {**USUAL, "bits": 10}
    for who, seconds, status, banned in (
        ("203.0.113.9", "60", 303, ["203.0.113.9"]),
        ("a b", "60", 422, ["203.0.113.9"]),
        ("203.0.113.9", "0", 303, []),
    ):
        answer = send(office, "/admin/door/bans", kind="address", who=who, seconds=seconds)
        assert answer.status_code == status
        assert [ban.who for ban in keeper.bans()] == banned
        assert all(each in office.get("/admin/door").text for each in banned)
    assert office.get("/admin/door/bans").status_code == 302


def test_a_stage_without_a_door_says_which_one_has_it(make_app: MakeApp) -> None:
    before = Site(make_app("s08"))
    sale = before.sale()
    assert before.call("GET", f"/api/sales/{sale.id}").json["entry"] is None
    answers = [
        enter(before, sale, before.buyer()),
        before.call("GET", "/api/admin/door", before.admin),
        before.call("POST", "/api/admin/bans", before.admin, json={}),
        before.call("GET", "/admin/door", before.admin),
    ]
    assert [answer.status_code for answer in answers] == [501] * 4
    assert answers[0].json["stage"] == "s09"
    assert order(before, sale, before.buyer(), "k", permit="not.looked.at").status_code == 202


# Over HTTP: a person without JavaScript.


def pressed(site: Site, sale: Sale, by: Buyer, **fields: str) -> TestResponse:
    return site.call("POST", f"/sales/{sale.id}", by, data={"quantity": "1", "key": "k", **fields})


@pytest.fixture
def person(site: Site) -> FlaskClient:
    browser = site.app.test_client()
    assert sign_in(browser, demo_buyer(1)).status_code == 303
    return browser


def test_without_javascript_a_question_is_asked_and_one_answer_buys(site: Site, person: FlaskClient) -> None:
    sale = site.sale()
    form = person.get(f"/sales/{sale.id}").text
    [csrf] = set(re.findall(r'name="csrf_token" value="([^"]+)"', form))

    def press_button(**fields: str) -> TestResponse:
        data = {"csrf_token": csrf, "quantity": "1", "key": "k", "website": "", **fields}
        return person.post(f"/sales/{sale.id}", data=data)

    assert 'name="website"' in form
    assert 'name="answer"' not in form
    page = press_button()
    assert page.status_code == 403
    assert messages("en")["answer.challenge.title"] in page.text
    challenge = re.search(r'name="challenge" value="([^"]+)"', page.text)
    question = re.search(r'<label for="answer">([^<]+)', page.text)
    assert challenge
    assert question
    assert 'name="key" value="k"' in page.text, "it is still the same press"
    answer = str(numbers_of(question[1]))
    assert press_button(challenge=challenge[1], answer=answer).status_code == 403, "too quick"
    made = site.context.backends.clock
    later = made() + timedelta(seconds=3)
    door = site.context.shop.door
    door._clock = lambda: later
    try:
        done = press_button(challenge=challenge[1], answer=answer)
    finally:
        door._clock = made
    assert done.status_code == 303
    assert "/tickets/" in done.headers["Location"]


def test_the_form_sent_again_gets_its_ticket_though_the_door_is_shut(
    site: Site, set_door: Callable[..., TestResponse]
) -> None:
    set_door(bits=0)
    sale, buyer = site.sale(units=1, buyer_limit=1), site.buyer()
    first = pressed(site, sale, buyer)
    assert first.status_code == 303
    again = pressed(site, sale, buyer)
    assert (again.status_code, again.headers["Location"]) == (303, first.headers["Location"])
    other = pressed(site, sale, buyer, key="another")
    assert (other.status_code, messages("en")["answer.limit_reached.title"] in other.text) == (409, True)


def test_a_person_who_has_to_wait_is_told_so_in_words(
    site: Site, set_door: Callable[..., TestResponse]
) -> None:
    set_door(bits=0, per_unit=1)
    sale = site.sale(units=1)
    enter(site, sale, site.buyer())
    answer = pressed(site, sale, site.buyer())
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 2
    assert messages("en")["answer.no_place.text"] in answer.text


# The edge.


@pytest.fixture(scope="module")
def running(run: Run) -> Running:
    return run("s09")


def test_through_the_edge_nothing_about_the_door_is_kept_by_anybody(running: Running) -> None:
    sale = open_sale(running, units=5)
    state = json.loads(ask(f"{running.url}/api/sales/{sale}").body)
    told = [
        ask(
            running.url + state["entry"],
            "POST",
            "{}",
            {"Authorization": f"Bearer {running.buyer_token(buyer)}", "Content-Type": "application/json"},
        )
        for buyer in (1, 2)
    ]
    assert [answer.status for answer in told] == [200, 200]
    assert all(answer.headers["Cache-Control"] == "no-store" for answer in told)
    assert told[0].body != told[1].body
    assert press(running, sale, 3).status == 202


def test_the_edge_counts_visits_of_an_address_too(running: Running) -> None:
    """More at once than it takes: some come through, and the rest are told to come back."""
    sale = open_sale(running, units=1)
    headers = {"Authorization": f"Bearer {running.buyer_token()}", "Content-Type": "application/json"}

    def visit(_: int) -> int:
        connection = http.client.HTTPConnection(
            running.url.partition("//")[2], source_address=("127.0.0.77", 0), timeout=30
        )
        connection.request("POST", f"/api/sales/{sale}/entry", "{}", headers)
        status = connection.getresponse().status
        connection.close()
        return status

    with ThreadPoolExecutor(16) as threads:
        told = list(threads.map(visit, range(600)))
    assert set(told) == {200, 429}
    assert told.count(200) >= 200
