"""s08: five ways to count, one step for all limits, the gate, the edge, limits that change live."""

from __future__ import annotations

import http.client
import json
import random
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from redis import Redis
from werkzeug.test import TestResponse

from common.backends import Keys, connect_redis
from common.buyers import Buyer
from common.demo.contest import open_sale
from common.edge import edge_conf
from common.ids import new_id
from common.lab import Lab
from common.lab.places import ROOT
from common.proof.costs import costs
from common.proof.proxy import Proxy
from common.running import Running
from common.seed import ADMIN, demo_buyer
from common.settings import Settings
from common.shop import Attempt, Busy, Limit, Sale, TooMany
from common.stages import find
from common.web.i18n import messages
from stages.s04_static_edge.foils import believes_the_visitor, swap
from stages.s08_rate_limits import foils
from stages.s08_rate_limits.gate import network
from stages.s08_rate_limits.limiter import (
    FixedWindow,
    Gcra,
    Limiter,
    SlidingCounter,
    SlidingLog,
    TokenBucket,
)
from stages.s08_rate_limits.rules import USUAL, Rules
from tests.conftest import Fresh, MakeApp, apps
from tests.edge import Answer, Run, ask, other_edge, state_url
from tests.measurements import s08_bursts
from tests.rates import NOON, SECOND, RedisClock, by_hand, most_in_any
from tests.stages.test_s05_redis_stock import left
from tests.web.conftest import Site
from tests.web.test_bad_inputs import check_problem
from tests.web.test_pages import sign_in
from tests.world import HandClock, Statements, World

Worlds = Callable[..., World]
FIVE: list[type[Limiter]] = [FixedWindow, SlidingLog, SlidingCounter, TokenBucket, Gcra]
COUNT, SECONDS = 10, 600  # keys expire in real time, whatever the clock that is moved by hand says
ORDERS = "/api/sales/{}/orders"
WINDOW = SECONDS * SECOND

five = pytest.mark.parametrize("kind", FIVE)


@pytest.fixture
def redis(settings: Settings) -> Iterator[Redis]:
    client = connect_redis(settings)
    yield client
    client.close()


@pytest.fixture
def hand(redis: Redis) -> RedisClock:
    return RedisClock(redis)


class Door:
    """A limiter under a prefix that nobody else has, and the limits of one test."""

    def __init__(self, kind: type[Limiter], redis: Redis, prefix: str = "", **limits: Limit | None) -> None:
        self.keys = Keys(prefix or f"test-{new_id()}")
        self.rules = Rules(redis, self.keys)
        self.redis = redis
        self.limiter = kind(redis, self.keys, self.rules)
        self.rules.change(dict.fromkeys(USUAL) | limits)

    def lets(self, **subjects: object) -> bool:
        """Whether a press of these is let through."""
        return self.wait(**subjects) == 0

    def wait(self, **subjects: object) -> int:
        """µs until it would be; 0: it was."""
        reached = self.limiter.ask({name: str(subject) for name, subject in subjects.items()})
        return round(reached.wait * SECOND) if reached else 0

    def kept(self) -> list[str]:
        """The keys of all that it counts."""
        return [
            key.decode() for key in self.redis.keys(f"{self.keys.prefix}:*") if not key.endswith(b":rules")
        ]


def door(kind: type[Limiter], redis: Redis, count: int = COUNT, seconds: int = SECONDS) -> Door:
    """One limit for each buyer, by the clock that is moved by hand."""
    return Door(by_hand(kind), redis, buyer=Limit(count, seconds))


# The algorithms.


@five
def test_lets_the_whole_count_through_at_once_and_not_one_more(
    kind: type[Limiter], redis: Redis, hand: RedisClock
) -> None:
    buyers = door(kind, redis)
    assert [buyers.lets(buyer=1) for _ in range(COUNT + 3)] == [True] * COUNT + [False] * 3
    assert buyers.lets(buyer=2), "another one's is another's"


@five
@pytest.mark.parametrize("count", [1, 3, 7, 10])
def test_who_comes_back_when_told_is_let_through_and_a_moment_earlier_is_not(
    kind: type[Limiter], redis: Redis, hand: RedisClock, count: int
) -> None:
    """At any time, after any history: to the microsecond, and a longer wait was never told than needed."""
    buyers, draw, told = door(kind, redis, count), random.Random(count), 0
    for _ in range(300):
        pauses = [*[0] * 8, 1, draw.randrange(WINDOW // count), draw.randrange(WINDOW)]
        hand.forward(draw.choice(pauses))
        if wait := buyers.wait(buyer=1):
            told += 1
            assert 0 < wait <= 2 * WINDOW
            hand.forward(wait - 1)
            assert buyers.wait(buyer=1) == 1
            hand.forward(1)
            assert buyers.lets(buyer=1)
    assert told > 20, "nobody was ever told to wait"


def arrivals(seed: int, presses: int) -> Iterator[int]:
    """µs between presses: bursts, rests of about a window, and everything in between."""
    draw = random.Random(seed)
    for _ in range(presses):
        yield draw.choice([0, 1, draw.randrange(WINDOW // COUNT), draw.randrange(WINDOW // 2), WINDOW - 1])


def test_the_log_lets_through_exactly_what_the_words_say(redis: Redis, hand: RedisClock) -> None:
    """Against the definition: there is room if fewer than `count` were let through in the last window."""
    for seed in range(3):
        buyers, times = door(SlidingLog, redis), []
        told, due = [], []
        for pause in arrivals(seed, 400):
            hand.forward(pause)
            due.append(sum(at > hand.now - WINDOW for at in times) < COUNT)
            told.append(buyers.lets(buyer=1))
            times += [hand.now] * told[-1]
        assert told == due
        assert most_in_any(WINDOW, times) == COUNT, "the limit was never reached"


@five
def test_the_most_that_any_window_sees(kind: type[Limiter], redis: Redis, hand: RedisClock) -> None:
    """What each class says of itself, met by one who presses all the time, at every offset to the clock."""
    worst = at_once = 0
    for start in range(20):
        buyers, times = door(kind, redis), []
        hand.set(NOON + start * WINDOW // 20)
        for _ in range(70):
            while buyers.lets(buyer=1):
                times.append(hand.now)
            hand.forward(WINDOW // 20)
        worst = max(worst, most_in_any(WINDOW, times))
        at_once = max(at_once, most_in_any(WINDOW // 20 + 1, times))
    allowed = {FixedWindow: 2 * COUNT, SlidingLog: COUNT}
    assert worst == allowed.get(kind, 2 * COUNT - 1)
    assert (at_once == 2 * COUNT) == (kind is FixedWindow)


@five
def test_no_history_makes_it_let_through_more(kind: type[Limiter], redis: Redis, hand: RedisClock) -> None:
    for seed in range(4):
        buyers, times = door(kind, redis), []
        for pause in arrivals(seed, 300):
            hand.forward(pause)
            times += [hand.now] * buyers.lets(buyer=1)
        most = {FixedWindow: 2 * COUNT, SlidingLog: COUNT}.get(kind, 2 * COUNT - 1)
        assert COUNT <= most_in_any(WINDOW, times) <= most


@five
def test_by_the_clock_of_the_server_it_counts_too(kind: type[Limiter], redis: Redis) -> None:
    """Not moved by hand: the scripts as they are."""
    buyers = Door(kind, redis, buyer=Limit(3, seconds=3600))
    assert [buyers.lets(buyer=1) for _ in range(5)] == [True] * 3 + [False] * 2
    assert 0 < buyers.wait(buyer=1) <= 2 * 3600 * SECOND


@five
def test_the_picture_shows_what_the_scripts_do(kind: type[Limiter], redis: Redis) -> None:
    document = json.loads((ROOT / "docs" / "results" / "s08_bursts.json").read_text())
    [shown] = [each for each in document["limiters"] if each["name"] == kind.algorithm]
    assert shown["let_through"] == s08_bursts.look(redis, kind)["let_through"]
    drawn = s08_bursts.draw(ROOT / "docs" / "results" / "s08_bursts.json")
    assert drawn == (ROOT / "docs" / "results" / "s08_bursts.svg").read_text()


# What is kept, and for how long.


@five
def test_what_is_kept_is_bounded_and_expires(kind: type[Limiter], redis: Redis, hand: RedisClock) -> None:
    """However often somebody presses, and however much of it is refused."""
    buyers, sizes = door(kind, redis), set()
    for pause in arrivals(seed=1, presses=300):
        hand.forward(pause)
        buyers.wait(buyer=1)
        [key] = buyers.kept()
        assert 0 < redis.pttl(key) <= 2 * SECONDS * 1000
        sizes.add(redis.memory_usage(key, samples=0))
    assert max(sizes) < (100 * COUNT if kind is SlidingLog else 200)
    if kind is SlidingLog:
        assert redis.zcard(key) <= COUNT


@five
def test_a_press_that_is_sent_away_leaves_nothing(
    kind: type[Limiter], redis: Redis, hand: RedisClock
) -> None:
    buyers = Door(by_hand(kind), redis, buyer=Limit(1, SECONDS), sale=Limit(5, SECONDS))
    assert buyers.lets(buyer=1, sale=7)
    before = {key: redis.dump(key) for key in buyers.kept()}
    assert len(before) == 2
    assert not any(buyers.lets(buyer=1, sale=7) for _ in range(5))
    assert {key: redis.dump(key) for key in buyers.kept()} == before


def test_the_foil_that_dies_before_the_expiry_shuts_a_buyer_out_for_ever(redis: Redis) -> None:
    """GET, INCR, EXPIRE: killed before the third, the count stays. Each of ours sets both in one script."""
    buyers = Door(foils.LooksThenCounts, redis, buyer=Limit(1, 1))

    class Dies(Exception):
        pass

    def die(*_: object) -> None:
        raise Dies

    buyers.limiter.redis = connect = connect_like(redis)
    connect.expire = die  # type: ignore[method-assign]
    with pytest.raises(Dies):
        buyers.lets(buyer=1)
    [key] = buyers.kept()
    assert redis.ttl(key) == -1, "it has no end"
    assert not Door(foils.LooksThenCounts, redis, buyers.keys.prefix, buyer=Limit(1, 1)).lets(buyer=1)
    connect.close()


def connect_like(redis: Redis) -> Redis:
    """Another client of the same server."""
    return Redis(connection_pool=redis.connection_pool)


def test_the_foil_that_calls_presses_by_the_millisecond_takes_two_thousand_for_a_few(
    redis: Redis, hand: RedisClock
) -> None:
    """Within 4 ms, under a limit of 100."""
    told = {}
    for kind in (SlidingLog, foils.CallsPressesByTheMillisecond):
        buyers = door(kind, redis, count=100)
        through = 0
        for _ in range(2000):
            through += buyers.lets(buyer=1)
            hand.forward(2)
        told[kind] = through, redis.zcard(buyers.kept()[0])
    assert told == {SlidingLog: (100, 100), foils.CallsPressesByTheMillisecond: (2000, 4)}


# Several limits, one step.


@five
def test_all_limits_count_a_press_or_none_does(kind: type[Limiter], redis: Redis, hand: RedisClock) -> None:
    """Whoever is over their own limit goes on pressing; that costs nobody else a press."""
    shop = Door(by_hand(kind), redis, buyer=Limit(1, SECONDS), sale=Limit(4, SECONDS), shop=Limit(5, SECONDS))
    told = [shop.lets(buyer=1, sale=7, shop="all") for _ in range(20)]
    assert sum(told) == 1
    assert [shop.lets(buyer=n, sale=7, shop="all") for n in range(2, 8)] == [True] * 3 + [False] * 3
    assert [shop.lets(buyer=n, sale=8, shop="all") for n in range(6, 9)] == [True, False, False]


def test_the_foil_that_asks_one_limit_after_the_other_lets_one_buyer_close_the_sale(
    redis: Redis, hand: RedisClock
) -> None:
    shop = Door(by_hand(foils.OneAfterTheOther), redis, buyer=Limit(1, SECONDS), sale=Limit(4, SECONDS))
    assert sum(shop.lets(buyer=1, sale=7) for _ in range(20)) == 1
    assert not shop.lets(buyer=2, sale=7), "the sale's four were used up by a buyer who got one"


@five
def test_it_names_the_limit_that_keeps_longest(kind: type[Limiter], redis: Redis, hand: RedisClock) -> None:
    limits = {"buyer": Limit(1, 2), "address": Limit(1, 60), "sale": Limit(1, 10), "shop": Limit(2, 3600)}
    shop = Door(by_hand(kind), redis, **limits)
    press = {"buyer": "1", "address": "10.0.0.1", "sale": "7", "shop": "all"}
    assert shop.limiter.ask(press) is None
    reached = shop.limiter.ask(press)
    assert reached
    assert (reached.name, reached.limit) == ("address", Limit(1, 60))
    hand.forward(round(reached.wait * SECOND))
    assert shop.limiter.ask(press) is None


def test_a_limit_that_is_off_counts_nothing(redis: Redis) -> None:
    shop = Door(SlidingLog, redis)
    assert all(shop.lets(buyer=1, address="10.0.0.1", sale=7, shop="all") for _ in range(50))
    assert shop.kept() == []


# Limits that change.


@five
def test_a_change_is_obeyed_by_the_next_press_of_every_process(
    kind: type[Limiter], redis: Redis, hand: RedisClock
) -> None:
    here = door(kind, redis, count=2)
    there = by_hand(kind)(redis, here.keys, Rules(redis, here.keys))
    assert [here.lets(buyer=1) for _ in range(3)] == [True, True, False]
    before = here.wait(buyer=1)
    Rules(redis, here.keys).change({"buyer": Limit(4, SECONDS)})
    after = here.wait(buyer=1)
    assert after < before, "raised, it has room earlier"
    hand.forward(after)
    assert there.ask({"buyer": "1"}) is None
    Rules(redis, here.keys).change({"buyer": None})
    assert all(there.ask({"buyer": "1"}) is None for _ in range(20))


def test_lowered_it_counts_what_was_let_through_before(redis: Redis, hand: RedisClock) -> None:
    buyers = door(SlidingLog, redis, count=8)
    for _ in range(8):
        assert buyers.lets(buyer=1)
        hand.forward(SECOND // 10)
    buyers.rules.change({"buyer": Limit(3, SECONDS)})
    wait = buyers.wait(buyer=1)  # until two of the last three are remembered: the sixth is over
    assert wait == WINDOW - 3 * SECOND // 10
    hand.forward(wait)
    assert [buyers.lets(buyer=1) for _ in range(2)] == [True, False]


def test_the_usual_limits_hold_until_somebody_says_otherwise(redis: Redis) -> None:
    keys = Keys(f"test-{new_id()}")
    rules = Rules(redis, keys)
    limiter = SlidingLog(redis, keys, rules)
    press = {"buyer": "1", "address": "10.0.0.1", "sale": "7", "shop": "all"}
    assert rules.show() == USUAL
    assert sum(limiter.ask(press) is None for _ in range(60)) == 50
    rules.change({"buyer": None, "sale": Limit(3, 60)})
    assert rules.show() == {**USUAL, "buyer": None, "sale": Limit(3, 60)}
    assert sum(limiter.ask(press) is None for _ in range(10)) == 3


# The gate.


@pytest.fixture
def few(world: Worlds) -> Iterator[Callable[..., World]]:
    """`few(buyer=Limit(1, 60))`: a process of s08 whose shop has these limits and no others."""
    shops: list[World] = []

    def make(limiter: type[Limiter] = SlidingLog, **limits: Limit | None) -> World:
        shops.append(shop := world("s08", limiter=limiter))
        assert shop.shop.limits
        shop.shop.limits.change(dict.fromkeys(USUAL) | limits)
        return shop

    yield make
    for shop in shops:
        shop.backends.stock.delete(shop.backends.keys.shared("{limits}:rules"))


def somebody(shop: World, sale: Sale, **changed: object) -> Attempt:
    """A press of a buyer who has never pressed before, from an address of their own."""
    number = random.randrange(10**15, 2 * 10**15)
    unknown = {"buyer_id": number, "client": f"2001:db8:{number % 65536:x}:{number >> 16 & 65535:x}::1"}
    return replace(shop.attempt(sale, buyer=1), **{**unknown, **changed})


def test_the_shop_uses_the_limiter_of_which_the_guarantee_is_true(world: Worlds) -> None:
    assert type(world("s08").shop.buy.func._limiter) is SlidingLog  # type: ignore[attr-defined]


def test_a_press_too_many_is_told_when_to_come_back_and_takes_nothing(few: Callable[..., World]) -> None:
    shop = few(buyer=Limit(2, 60))
    sale = shop.new_sale(units=10, limit=10)
    attempts = [somebody(shop, sale, buyer_id=sale.id + 10**16) for _ in range(3)]
    for attempt in attempts[:2]:
        shop.shop.buy(attempt)
    with pytest.raises(TooMany, match="no more than 2 in 60 s") as refused:
        shop.shop.buy(attempts[2])
    assert refused.value.retry_after is not None
    assert 0 < refused.value.retry_after <= 60
    assert refused.value.members == {"limit": "buyer", "count": 2, "seconds": 60}
    assert left(shop, sale) == 8


@pytest.mark.parametrize("name", USUAL)
def test_each_limit_counts_for_whom_it_should(few: Callable[..., World], name: str) -> None:
    """The same buyer, address, sale, shop is over the limit; another one is not (there is one shop only)."""
    shop = few(**{name: Limit(1, 60)})
    shop.backends.stock.delete(shop.backends.keys.shared("{limits}:sliding_log:shop:all"))
    sale, *others = (shop.new_sale(units=10) for _ in range(4))
    first = somebody(shop, sale)
    again = {
        "buyer": somebody(shop, others[0], buyer_id=first.buyer_id),
        "address": somebody(shop, others[1], client=first.client),
        "sale": somebody(shop, sale),
        "shop": somebody(shop, others[2]),
    }
    shop.shop.buy(first)
    told = {}
    for kind, attempt in again.items():
        try:
            shop.shop.buy(attempt)
            told[kind] = "let through"
        except TooMany as refused:
            told[kind] = str(refused.members["limit"])
    everything = name == "shop"
    assert told == {kind: name if kind == name or everything else "let through" for kind in again}


@pytest.mark.parametrize(
    ("address", "one"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("a name", "a name"),
    ],
)
def test_of_an_ipv6_address_the_half_counts_that_its_owner_cannot_choose(address: str, one: str) -> None:
    assert network(address) == one


def test_who_has_no_address_is_not_counted_as_one(few: Callable[..., World]) -> None:
    shop = few(address=Limit(1, 60))
    sale = shop.new_sale(units=3)
    for _ in range(3):
        shop.shop.buy(somebody(shop, sale, client=""))
    assert left(shop, sale) == 0


def test_the_same_press_sent_again_counts_again_and_gets_its_answer_later(
    few: Callable[..., World], hand: RedisClock
) -> None:
    """Whoever sends a key over and over is no cheaper than whoever takes a new one. Nothing is lost by it."""
    shop = few(by_hand(SlidingLog), buyer=Limit(1, 60))
    sale = shop.new_sale(units=5, limit=5)
    attempt = somebody(shop, sale)
    ticket = shop.shop.buy(attempt)
    with pytest.raises(TooMany):
        shop.shop.buy(replace(attempt, id="again"))
    hand.forward(60 * SECOND)
    assert shop.shop.buy(replace(attempt, id="and again")) == ticket
    assert left(shop, sale) == 4


def test_a_press_that_was_kept_out_can_be_sent_again_with_its_key(
    few: Callable[..., World], hand: RedisClock
) -> None:
    shop = few(by_hand(SlidingLog), sale=Limit(1, 60))
    sale = shop.new_sale(units=5)
    shop.shop.buy(somebody(shop, sale))
    attempt = somebody(shop, sale)
    with pytest.raises(TooMany) as refused:
        shop.shop.buy(attempt)
    hand.forward(round((refused.value.retry_after or 0) * SECOND))
    assert shop.shop.buy(replace(attempt, id="again"))
    assert left(shop, sale) == 3


def test_while_redis_is_away_nobody_gets_through_and_the_database_is_left_alone(
    lab: Lab, few: Callable[..., World]
) -> None:
    """Fail closed: the stock is away with it. All comes back by itself, the limits too."""
    if not lab.redis.owned:
        pytest.skip("kills Redis, and this one came from the environment")
    shop = few(sale=Limit(3, 60))
    sale = shop.new_sale(units=5)
    shop.shop.buy(somebody(shop, sale))
    statements = Statements(shop)
    lab.redis.kill()
    try:
        for _ in range(3):
            with pytest.raises(Busy, match="nothing was taken"):
                shop.shop.buy(somebody(shop, sale))
    finally:
        lab.redis.start()
    assert statements.since() == 0
    for _ in range(2):
        shop.shop.buy(somebody(shop, sale))
    with pytest.raises(TooMany):
        shop.shop.buy(somebody(shop, sale))
    assert left(shop, sale) == 2


def test_a_lost_reply_may_count_a_press_that_did_not_get_in(
    lab: Lab, few: Callable[..., World], settings: Settings, clock: HandClock
) -> None:
    """The other way round never: what is not known to be let through stays out."""
    with Proxy(lab.redis.tcp) as proxy:
        through = replace(settings, redis_url="redis://{}:{}/0".format(*proxy.address))
        shop = World("s08", through, clock)
        few(buyer=Limit(2, 60))
        sale = shop.new_sale(units=5, limit=5)
        attempt = somebody(shop, sale)
        shop.shop.buy(attempt)
        proxy.lose_next_reply()
        with pytest.raises(Busy):
            shop.shop.buy(replace(attempt, key="another"))
        assert proxy.lost == 1
        with pytest.raises(TooMany):
            shop.shop.buy(replace(attempt, key="a third"))
        assert left(shop, sale) == 4
        shop.close()


def test_a_press_costs_one_round_trip_more(settings: Settings) -> None:
    """One, for all four limits; and the limits may be changed without it getting dearer."""
    before, now = (costs(find(code), settings) for code in ("s07", "s08"))
    for kind, cost in now.items():
        assert (cost.mariadb, cost.redis) == (before[kind].mariadb, before[kind].redis + 1), kind


# What programs and people are told; what the back office may say.


@pytest.fixture(scope="module")
def site(fresh: Fresh, settings: Settings) -> Iterator[Site]:
    fresh("s08")
    with apps(settings) as make:
        made = Site(make("s08"))
        made.sign_up()
        yield made


@pytest.fixture
def limits(site: Site) -> Iterator[Callable[..., TestResponse]]:
    """`limits({"buyer": …})`: PATCH /api/admin/limits. The usual ones are back at the end."""
    yield lambda body: site.call("PATCH", "/api/admin/limits", site.admin, json=body)
    site.context.backends.stock.delete(site.context.backends.keys.shared("{limits}:rules"))


Change = Callable[..., TestResponse]


def test_a_429_says_which_limit_and_when_to_come_back(site: Site, limits: Change) -> None:
    assert limits({"buyer": {"count": 1, "seconds": 60}}).status_code == 200
    sale, buyer = site.sale(), site.buyer()
    assert site.buy(sale, buyer).status_code == 202
    answer = site.buy(sale, buyer)
    assert answer.status_code == 429
    check_problem(answer)
    assert answer.json["code"] == "too_many"
    assert {name: answer.json[name] for name in ("limit", "count", "seconds")} == {
        "limit": "buyer",
        "count": 1,
        "seconds": 60,
    }
    wait = int(answer.headers["Retry-After"])
    assert 55 <= wait <= 60
    assert answer.headers["RateLimit-Policy"] == '"buyer";q=1;w=60'
    assert answer.headers["RateLimit"] == f'"buyer";r=0;t={wait}'
    assert site.buy(sale, site.buyer()).status_code == 202


def test_a_person_is_told_too(site: Site, limits: Change) -> None:
    """Who presses without JavaScript gets the same page, with words."""
    limits({"sale": {"count": 1, "seconds": 60}})
    sale = site.sale()
    site.buy(sale, site.buyer())
    answer = site.call(
        "POST",
        f"/sales/{sale.id}",
        site.buyer(),
        data={"quantity": "1"},
        headers={"Accept-Language": "zh"},
    )
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) <= 60
    assert messages("zh")["answer.too_many.text"] in answer.text


def test_the_back_office_sees_and_changes_the_limits(site: Site, limits: Change) -> None:
    shown = site.call("GET", "/api/admin/limits", site.admin).json["limits"]
    assert shown == {"buyer": {"count": 50, "seconds": 5}, "address": None, "sale": None, "shop": None}
    answer = limits({"shop": {"count": 9000, "seconds": 1}, "buyer": None})
    assert answer.json["limits"] == {
        "buyer": None,
        "address": None,
        "sale": None,
        "shop": {"count": 9000, "seconds": 1},
    }
    assert site.call("GET", "/api/admin/limits", site.admin).json == answer.json


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"byer": {"count": 1, "seconds": 1}}, "byer"),
        ({"buyer": 5}, "buyer"),
        ({"buyer": {}}, "buyer.count"),
        ({"buyer": {"count": 5}}, "buyer.seconds"),
        ({"buyer": {"count": 0, "seconds": 1}}, "buyer.count"),
        ({"buyer": {"count": -1, "seconds": 1}}, "buyer.count"),
        ({"buyer": {"count": 10_001, "seconds": 1}}, "buyer.count"),
        ({"buyer": {"count": "5", "seconds": 1}}, "buyer.count"),
        ({"buyer": {"count": 1.5, "seconds": 1}}, "buyer.count"),
        ({"buyer": {"count": True, "seconds": 1}}, "buyer.count"),
        ({"buyer": {"count": 1, "seconds": 0}}, "buyer.seconds"),
        ({"buyer": {"count": 1, "seconds": 86_401}}, "buyer.seconds"),
        ({"buyer": {"count": 1, "seconds": 1, "burst": 2}}, "buyer.burst"),
        ({"sale": {"count": 1, "seconds": 1}, "shop": {"count": 0, "seconds": 1}}, "shop.count"),
    ],
)
def test_a_limit_that_cannot_be_is_refused_by_name_and_changes_nothing(
    site: Site, limits: Change, body: object, field: str
) -> None:
    before = site.call("GET", "/api/admin/limits", site.admin).json
    answer = limits(body)
    assert answer.status_code == 422
    check_problem(answer)
    assert answer.json["errors"][0]["field"] == field
    assert answer.json["errors"][0]["message"]
    assert site.call("GET", "/api/admin/limits", site.admin).json == before


def signed_in(site: Site, who: Buyer) -> FlaskClient:
    browser = site.app.test_client()
    assert sign_in(browser, who).status_code == 303
    return browser


@pytest.fixture
def office(site: Site) -> Iterator[FlaskClient]:
    """A browser in which the admin is signed in; the usual limits are back at the end."""
    yield signed_in(site, ADMIN)
    site.context.backends.stock.delete(site.context.backends.keys.shared("{limits}:rules"))


def send(office: FlaskClient, path: str, **fields: object) -> TestResponse:
    """The form as the page at `path` has it, filled in."""
    page = office.get(path.removesuffix("/off")).text
    [token] = set(re.findall(r'name="csrf_token" value="([^"]+)"', page))
    return office.post(path, data={"csrf_token": token, **fields})


def test_the_back_office_has_a_page_for_it(site: Site, office: FlaskClient) -> None:
    shown = site.context.shop.limits.show
    assert "/admin/limits" in office.get("/admin").text
    assert "50 presses in 5 s" in office.get("/admin/limits").text
    assert 'value="50"' in office.get("/admin/limits/buyer").text
    answer = send(office, "/admin/limits/sale", count="１００", seconds=" 2 ")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/limits")
    assert shown()["sale"] == Limit(100, 2)
    assert "from the next press on" in office.get("/admin/limits").text
    assert send(office, "/admin/limits/sale/off").status_code == 303
    assert shown() == USUAL


@pytest.mark.parametrize(
    ("count", "seconds", "field"), [("0", "5", "count"), ("5", "soon", "seconds"), ("", "5", "count")]
)
def test_a_form_with_a_limit_that_cannot_be_comes_back_as_it_was(
    site: Site, office: FlaskClient, count: str, seconds: str, field: str
) -> None:
    answer = send(office, "/admin/limits/buyer", count=count, seconds=seconds)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert f'value="{count}"' in answer.text
    assert site.context.shop.limits.show() == USUAL


def test_the_pages_are_for_admins_and_for_limits_that_there_are(site: Site, office: FlaskClient) -> None:
    assert office.get("/admin/limits/colour").status_code == 404
    assert office.post("/admin/limits/buyer", data={"count": 1, "seconds": 1}).status_code == 403
    assert signed_in(site, demo_buyer(1)).get("/admin/limits").status_code == 403
    assert site.context.shop.limits.show() == USUAL


def test_only_an_admin_may_look_or_change(site: Site) -> None:
    for method in ("GET", "PATCH"):
        body = {"json": {"buyer": None}} if method == "PATCH" else {}
        assert site.call(method, "/api/admin/limits", **body).status_code == 401
        assert site.call(method, "/api/admin/limits", site.buyer(), **body).status_code == 403


def test_a_stage_without_limits_says_which_one_has_them(make_app: MakeApp) -> None:
    before = Site(make_app("s07"))
    answer = before.call("GET", "/api/admin/limits", before.admin)
    assert (answer.status_code, answer.json["stage"]) == (501, "s08")


# The edge: a real nginx, and visitors with addresses of their own (all of 127.0.0.0/8 is this machine).

PRESSES = 80


def tight(conf: str) -> str:
    """The edge with small numbers, so that few presses are enough."""
    return swap(swap(conf, "rate=50r/s", "rate=1r/s"), "burst=200", "burst=20")


@pytest.fixture(scope="module")
def running(run: Run) -> Running:
    """With no limits but those of the edge."""
    shop = run("s08")
    shop.admin("PATCH", "/api/admin/limits", {"buyer": None})
    return shop


@pytest.fixture(scope="module")
def edge(lab: Lab, running: Running) -> str:
    return other_edge(lab, running, tight)


def press(url: str, running: Running, sale_id: int, address: str, path: str = ORDERS) -> Answer:
    """One press that comes in from `address`, and claims another."""
    connection = http.client.HTTPConnection(url.partition("//")[2], source_address=(address, 0), timeout=30)
    headers = {
        "Authorization": f"Bearer {running.buyer_token(1)}",
        "Content-Type": "application/json",
        "X-Forwarded-For": f"6.6.{random.randrange(256)}.{random.randrange(256)}",
    }
    try:
        connection.request("POST", path.format(sale_id), '{"quantity": 1}', headers)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def hammer(url: str, running: Running, address: str, path: str = ORDERS) -> list[Answer]:
    """`PRESSES` presses from one address as fast as they go."""
    sale_id = open_sale(running, units=1)
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(press, url, running, sale_id, address, path) for _ in range(PRESSES)]
        return [each.result() for each in asked]


def sent_away(answers: list[Answer]) -> list[Answer]:
    return [answer for answer in answers if answer.status == 429]


def test_the_edge_lets_one_address_press_only_so_often(edge: str, running: Running) -> None:
    began = time.monotonic()
    away = sent_away(hammer(edge, running, "127.0.0.2"))
    assert away
    assert PRESSES - len(away) <= 20 + 1 + (time.monotonic() - began)
    for answer in away[:3]:
        document = json.loads(answer.body)
        assert (document["type"], document["code"], document["status"]) == (
            "/problems/too_many",
            "too_many",
            429,
        )
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Retry-After"] == "1"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_what_one_address_does_is_no_other_ones_business(edge: str, running: Running) -> None:
    sale_id = open_sale(running, units=5)
    assert sent_away(hammer(edge, running, "127.0.0.3"))
    assert press(edge, running, sale_id, "127.0.0.4").status == 202


def test_looks_are_not_counted_and_our_own_machine_is_not(edge: str, running: Running) -> None:
    assert not sent_away(hammer(edge, running, "127.0.0.1"))
    state = state_url(running, url=edge)
    for _ in range(PRESSES):
        connection = http.client.HTTPConnection(edge.partition("//")[2], source_address=("127.0.0.5", 0))
        connection.request("GET", state.removeprefix(edge))
        assert connection.getresponse().status == 200
        connection.close()


def test_a_person_who_presses_without_javascript_is_told_in_words(edge: str, running: Running) -> None:
    away = sent_away(hammer(edge, running, "127.0.0.6", path="/sales/{}"))
    assert away
    assert away[0].headers["Content-Type"] == "text/html; charset=utf-8"
    assert away[0].headers["Retry-After"] == "1"
    assert b"Too many presses come from your address" in away[0].body
    assert b'lang="en"' in away[0].body


def test_both_ways_to_press_are_counted_together(edge: str, running: Running) -> None:
    sale_id = open_sale(running, units=1)
    assert sent_away(hammer(edge, running, "127.0.0.7", path="/sales/{}"))
    assert press(edge, running, sale_id, "127.0.0.7").status == 429


@pytest.mark.parametrize(
    "path",
    ["/api/sales/{}/orders?x=1", "/api//sales/{}/orders", "/api/sales/{}/./orders", "/api/s%61les/{}/orders"],
)
def test_another_spelling_of_the_address_is_no_way_round(edge: str, running: Running, path: str) -> None:
    """Either the edge counts it, or the app has no such address."""
    statuses = {answer.status for answer in hammer(edge, running, f"127.0.1.{len(path)}", path)}
    assert 429 in statuses or statuses == {404}


def test_the_pages_of_the_limit_cannot_be_asked_for(edge: str, running: Running) -> None:
    for path in ("/api/too_many", "/sales/too_many"):
        assert ask(edge + path).status == 404


def test_no_more_presses_of_one_address_are_under_way_than_it_may_have(lab: Lab, running: Running) -> None:
    """Nobody answers while the app stands still, and so the connections pile up."""
    few_at_once = other_edge(
        lab, running, lambda conf: swap(conf, "limit_conn pressing 50", "limit_conn pressing 3")
    )
    sale_id = open_sale(running, units=1)
    running.web.pause()
    try:
        with ThreadPoolExecutor(8) as threads:
            asked = [threads.submit(press, few_at_once, running, sale_id, "127.0.0.10") for _ in range(8)]
            give_up = time.monotonic() + 20
            while sum(each.done() for each in asked) < 5 and time.monotonic() < give_up:
                time.sleep(0.01)
            done = [each.result() for each in asked if each.done()]
            running.web.resume()
    finally:
        running.web.resume()
    assert [answer.status for answer in done] == [429] * 5
    assert 429 not in {each.result().status for each in asked if each.result() not in done}


def test_the_foil_that_counts_by_a_header_counts_nobody(lab: Lab, running: Running) -> None:
    """Each press claims to come from somewhere else."""
    foil = other_edge(lab, running, lambda conf: foils.counts_who_it_is_told(tight(conf)))
    assert not sent_away(hammer(foil, running, "127.0.0.11"))


def test_the_foil_that_answers_presses_itself_never_comes_to_its_limit(lab: Lab, running: Running) -> None:
    foil = other_edge(lab, running, lambda conf: foils.answers_presses_itself(tight(conf)))
    assert {answer.status for answer in hammer(foil, running, "127.0.0.12")} == {409}


def test_the_address_limit_behind_the_edge_believes_the_edge_alone(lab: Lab, running: Running) -> None:
    """Behind the right edge one address is one; behind s04's foil every claim is another address."""
    running.admin("PATCH", "/api/admin/limits", {"address": {"count": 3, "seconds": 3600}})
    try:
        sale_id = open_sale(running, units=1)
        told = [press(running.url, running, sale_id, "127.0.0.13") for _ in range(6)]
        assert [answer.status == 429 for answer in told] == [False] * 3 + [True] * 3
        assert json.loads(told[-1].body)["limit"] == "address"
        s04 = edge_conf(find("s04")).read_text("utf-8")
        fooled = other_edge(lab, running, lambda _: believes_the_visitor(s04))
        assert not sent_away([press(fooled, running, sale_id, "127.0.0.14") for _ in range(6)])
    finally:
        running.admin("PATCH", "/api/admin/limits", {"address": None})


def test_a_change_reaches_every_web_process_at_once(running: Running) -> None:
    """Two processes answer behind the edge; there is no restart, and no second in which one is late."""
    sale_id = open_sale(running, units=1)
    press(running.url, running, sale_id, "127.0.0.1")
    for _ in range(5):
        running.admin("PATCH", "/api/admin/limits", {"sale": {"count": 1, "seconds": 3600}})
        press(running.url, running, sale_id, "127.0.0.1")
        assert {press(running.url, running, sale_id, "127.0.0.1").status for _ in range(8)} == {429}
        running.admin("PATCH", "/api/admin/limits", {"sale": None})
        assert {press(running.url, running, sale_id, "127.0.0.1").status for _ in range(8)} == {409}
