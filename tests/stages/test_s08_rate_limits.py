"""s08: five ways to count, one step for all limits, the gate, the edge, limits that change live."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from redis import Redis

from common.backends import Keys, connect_redis
from common.ids import new_id
from common.settings import Settings
from common.shop import Limit
from stages.s08_rate_limits import foils
from stages.s08_rate_limits.limiter import (
    FixedWindow,
    Gcra,
    Limiter,
    SlidingCounter,
    SlidingLog,
    TokenBucket,
)
from stages.s08_rate_limits.rules import USUAL, Rules
from tests.rates import NOON, SECOND, RedisClock, by_hand, most_in_any

FIVE: list[type[Limiter]] = [FixedWindow, SlidingLog, SlidingCounter, TokenBucket, Gcra]
COUNT, SECONDS = 10, 2
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
