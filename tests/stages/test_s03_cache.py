"""s03: reads are cheap, and fresh all the same. Cost is counted by the database itself, never timed."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial

import pytest
from redis import RedisError

from common.backends import Backends, connect_redis
from common.settings import Settings
from common.shop import Sale
from common.stages import find
from stages.s03_cache.catalog import INDEX, entry
from stages.s03_cache.foils import AnnouncesBeforeCommit
from stages.s03_cache.invalidation import Subscriber
from stages.s03_cache.local import LocalCache
from stages.s03_cache.shared import SharedCache
from tests.world import HandClock, Selects, World

READS = 1000
LONG = {
    "local": partial(LocalCache, ttl=3600),
    "shared": partial(SharedCache, ttl=3600),
}  # nothing expires unless the test says so


def read_many(shop: World, ids: list[int]) -> list[Sale | None]:
    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(shop.shop.catalog.get, ids))


def read_in_a_process(settings: Settings, sale_id: int, now: datetime, start: threading.Barrier) -> list[int]:
    """One web process: eight threads read the sale at the same moment as those of all other processes."""
    backends = Backends.connect("s03", settings, lambda: now)
    shop = find("s03").load().create_shop(backends, **LONG)
    start.wait(30)
    with ThreadPoolExecutor(8) as threads:
        sales = list(threads.map(shop.catalog.get, [sale_id] * (READS // 4)))
    return [sale.price_cents for sale in sales if sale]


def test_without_the_caches_every_read_costs_one_statement(world: Callable[..., World]) -> None:
    """The power check of the counter."""
    shop = world("s02")
    sale = shop.new_sale(units=1)
    count = Selects(shop)
    read_many(shop, [sale.id] * READS)
    assert count.since() == READS


def test_a_thousand_reads_of_a_cold_sale_cost_three_statements(world: Callable[..., World]) -> None:
    shop = world("s03", **LONG)
    sale = shop.new_sale(units=1)
    count = Selects(shop)
    sales = read_many(shop, [sale.id] * READS)
    assert all(found == sale for found in sales)
    assert 1 <= count.since() <= 3  # the list, the highest id, the sale


def test_four_processes_at_the_instant_of_expiry_cost_one_statement(
    world: Callable[..., World], settings: Settings
) -> None:
    shop = world("s03", **LONG)
    sale = shop.new_sale(units=1, price_cents=777)
    shop.shop.catalog.get(sale.id)
    redis, keys = shop.backends.cache, shop.backends.keys
    assert redis.delete(keys.shared(f"{{{entry(sale.id)}}}:value")) == 1  # it expires now

    count = Selects(shop)
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        start = manager.Barrier(4)
        with context.Pool(4) as pool:
            work = (settings, sale.id, shop.clock(), start)
            prices = pool.starmap(read_in_a_process, [work] * 4)
    assert prices == [[777] * (READS // 4)] * 4
    assert count.since() == 1


def test_ids_above_the_highest_cost_nothing(world: Callable[..., World]) -> None:
    shop = world("s03", **LONG)
    sale = shop.new_sale(units=1)
    shop.shop.catalog.get(sale.id)
    count = Selects(shop)
    assert read_many(shop, [sale.id + n for n in range(1, READS + 1)]) == [None] * READS
    assert count.since() == 0


def test_an_id_in_a_gap_costs_one_statement_however_often_it_is_asked(world: Callable[..., World]) -> None:
    shop = world("s03", **LONG)
    first = shop.new_sale(units=1)
    with shop.backends.sql() as db:
        db.run(f"ALTER TABLE sales AUTO_INCREMENT = {first.id + 5}")
    shop.new_sale(units=1)
    shop.shop.catalog.list()
    count = Selects(shop)
    assert read_many(shop, [first.id + 1] * READS) == [None] * READS
    assert count.since() == 1


def test_a_sale_made_after_its_id_was_asked_for_is_found(world: Callable[..., World]) -> None:
    shop = world("s03", **LONG)
    sale = shop.new_sale(units=1)
    assert shop.shop.catalog.get(sale.id + 1) is None
    after = shop.new_sale(units=1)
    assert shop.shop.catalog.get(sale.id + 1) == after
    assert after in shop.shop.catalog.list()


CHANGES: dict[str, Callable[[World, Sale], Sale]] = {
    "price": lambda shop, sale: shop.office.change(sale.id, {"price_cents": 999}),
    "window": lambda shop, sale: shop.office.change(
        sale.id, {"closes_at": sale.closes_at.replace(year=2099)}
    ),
    "close": lambda shop, sale: shop.office.close(sale.id),
    "restock": lambda shop, sale: shop.office.restock(sale.id, 5),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen_at_once_where_it_was_made(world: Callable[..., World], change: str) -> None:
    shop = world("s03", **LONG)
    sale = shop.new_sale(units=1)
    assert shop.shop.catalog.get(sale.id) == sale
    changed = CHANGES[change](shop, sale)
    assert shop.shop.catalog.get(sale.id) == changed != sale
    assert changed in shop.shop.catalog.list()


@contextmanager
def listening(world: World) -> Iterator[None]:
    """The subscriber of this process, running and subscribed."""
    stop = threading.Event()
    service = world.shop.services["invalidation"]
    channel = world.backends.keys.shared("dropped")
    before = dict(world.backends.cache.pubsub_numsub(channel))[channel.encode()]
    thread = threading.Thread(target=service.run, args=(stop.is_set,))
    thread.start()
    try:
        eventually(lambda: dict(world.backends.cache.pubsub_numsub(channel))[channel.encode()] > before)
        yield
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def eventually(condition: Callable[[], bool], patience: float = 10) -> None:
    """Wait for a condition (asked without pause), at most `patience` seconds."""
    waiting = threading.Event()
    for _ in range(int(patience / 0.005)):
        if condition():
            return
        waiting.wait(0.005)
    raise AssertionError("it never came true")


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_reaches_every_other_process_by_its_event(world: Callable[..., World], change: str) -> None:
    here, there = world("s03", **LONG), world("s03", **LONG)
    sale = here.new_sale(units=1)
    with listening(there):
        assert there.shop.catalog.get(sale.id) == sale
        changed = CHANGES[change](here, sale)
        eventually(lambda: there.shop.catalog.get(sale.id) == changed)
        eventually(lambda: changed in there.shop.catalog.list())


def test_a_process_that_hears_nothing_is_stale_no_longer_than_its_time_to_live(
    world: Callable[..., World], clock: HandClock
) -> None:
    here, deaf = world("s03"), world("s03")
    sale = here.new_sale(units=1)
    assert deaf.shop.catalog.get(sale.id) == sale
    changed = here.office.change(sale.id, {"price_cents": 999})
    assert deaf.shop.catalog.get(sale.id) == sale, "it was never stale: nothing is proved"
    clock.forward(0.4)
    assert deaf.shop.catalog.get(sale.id) == changed


def test_after_a_reconnection_the_local_cache_starts_empty(world: Callable[..., World]) -> None:
    """Messages sent while nobody listened are lost, so nothing kept from before may be trusted."""
    here, there = world("s03", **LONG), world("s03", **LONG)
    sale = here.new_sale(units=1)
    assert there.shop.catalog.get(sale.id) == sale
    changed = here.office.change(sale.id, {"price_cents": 999})
    assert there.shop.catalog.get(sale.id) == sale, "it was never stale: nothing is proved"
    with listening(there):
        eventually(lambda: there.shop.catalog.get(sale.id) == changed)


def test_the_foil_that_announces_before_the_commit_leaves_the_old_price_behind(
    world: Callable[..., World],
) -> None:
    """A reader comes between event and commit, loads the old row, and nobody ever drops it again."""
    shop = world("s03", **LONG)
    sale = shop.new_sale(units=1)
    reader = world("s03", **LONG)
    hasty = AnnouncesBeforeCommit(
        shop.backends.sql,
        [*shop.shop.listeners, lambda event: reader.shop.catalog.get(event.sale_id) and None],
    )
    hasty.change(sale.id, {"price_cents": 999})
    assert shop.row(sale)["price_cents"] == 999
    late = world("s03", **LONG).shop.catalog.get(sale.id)
    assert late is not None
    assert late.price_cents == 100, "the foil did no harm: nothing is proved"

    right = shop.office.change(sale.id, {"price_cents": 555})
    assert world("s03", **LONG).shop.catalog.get(sale.id) == right


# --- the two caches by themselves


@pytest.fixture
def shared(settings: Settings, world: Callable[..., World]) -> SharedCache:
    backends = world("s03").backends
    return SharedCache(backends.cache, replace(backends.keys, prefix=f"test-{id(backends)}"), ttl=3600)


def test_a_load_that_began_before_a_drop_is_not_kept_in_redis(shared: SharedCache) -> None:
    def slow() -> bytes:
        shared.drop("x")  # the change commits and announces itself while we read the old row
        return b"old"

    assert shared.get("x", slow) == b"old"
    assert shared.get("x", lambda: b"new") == b"new"
    assert shared.get("x", lambda: b"never") == b"new"


def test_a_load_that_began_before_a_drop_is_not_kept_in_the_process() -> None:
    local = LocalCache(HandClock(), ttl=60)

    def slow() -> str:
        local.drop("x")
        return "old"

    assert local.get("x", slow) == "old"
    assert local.get("x", lambda: "new") == "new"
    assert local.get("x", lambda: "never") == "new"


def test_a_load_that_fails_fails_for_all_who_waited_and_is_tried_anew() -> None:
    local = LocalCache(HandClock(), ttl=60)
    loading, let_go = threading.Event(), threading.Event()
    loads: list[int] = []

    def fail() -> str:
        loads.append(1)
        loading.set()
        let_go.wait(10)
        raise ConnectionError

    with ThreadPoolExecutor(2) as threads:
        leader = threads.submit(local.get, "x", fail)
        assert loading.wait(10)
        follower = threads.submit(local.get, "x", fail)
        eventually(lambda: bool(local._flights["x"]._condition._waiters))  # it joined the flight
        let_go.set()
        assert isinstance(leader.exception(10), ConnectionError)
        assert isinstance(follower.exception(10), ConnectionError)
    assert len(loads) == 1
    assert local.get("x", lambda: "value") == "value"


def test_a_leader_that_dies_costs_the_others_one_wait(shared: SharedCache) -> None:
    value, _, lease = shared._names("x")
    shared.redis.set(lease, "somebody who died")
    assert shared.get("x", lambda: b"mine") == b"mine"
    assert shared.redis.get(value) is None, "who has no lease keeps nothing"


def test_readers_are_answered_while_redis_is_away(settings: Settings, world: Callable[..., World]) -> None:
    nowhere = connect_redis(replace(settings, redis_url="redis://127.0.0.1:1/0"))
    with pytest.raises(RedisError):
        nowhere.ping()
    cache = SharedCache(nowhere, world("s03").backends.keys, ttl=60)
    assert cache.get("x", lambda: b"from the source") == b"from the source"


def test_the_local_cache_is_bounded() -> None:
    local = LocalCache(HandClock(), ttl=60, size=10)
    for n in range(100):
        local.get(str(n), lambda n=n: n)  # type: ignore[misc]
    assert len(local._entries) == 10
    assert local.get("99", lambda: -1) == 99
    assert local.get("0", lambda: -1) == -1


def test_entries_loaded_together_do_not_expire_together(clock: HandClock) -> None:
    local = LocalCache(clock, ttl=60)
    for n in range(100):
        local.get(str(n), lambda: "first")
    clock.forward(45)
    again = [local.get(str(n), lambda: "second") for n in range(100)]
    assert 10 < again.count("second") < 90


def test_the_subscriber_outlives_a_lost_connection(world: Callable[..., World]) -> None:
    here, there = world("s03", **LONG), world("s03", **LONG)
    sale = here.new_sale(units=1)
    with listening(there):
        here.backends.cache.client_kill_filter(_type="pubsub")
        changed = here.office.change(sale.id, {"price_cents": 999})
        eventually(lambda: there.shop.catalog.get(sale.id) == changed)


def test_every_entry_has_its_own_name() -> None:
    assert len({entry(1), entry(2), INDEX}) == 3
    assert Subscriber.where == "web"
