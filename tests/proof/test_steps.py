"""Steps: every round trip is announced, once, before it leaves; and nothing else is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pymysql
import pytest
from redis import ResponseError
from rq import Queue

from common import database, schema
from common.backends import Backends
from common.ids import new_id
from common.proof.steps import Recorder, Step
from common.settings import Settings
from common.stages import find
from tests.world import World

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def observe(settings: Settings) -> Iterator[Callable[[Any], Backends]]:
    """`observe(watcher)`: the backends of s01, observed."""
    schema.prepare(settings.mysql_url, "s01")
    opened: list[Backends] = []

    def make(watcher: Any) -> Backends:
        opened.append(Backends.connect("s01", settings).observe(watcher))
        return opened[-1]

    yield make
    for backends in opened:
        backends.pool.close()
        backends.stock.close()


@pytest.fixture
def heard() -> Recorder:
    return Recorder()


@pytest.fixture
def b(observe: Callable[[Any], Backends], heard: Recorder) -> Backends:
    return observe(heard)


def labels(heard: Recorder) -> list[str]:
    return [step.label for step in heard.steps]


def test_a_purchase_of_s01_is_four_statements(
    world: Callable[..., World], b: Backends, heard: Recorder
) -> None:
    shop = world("s01")
    sale = shop.new_sale(units=1)
    find("s01").load().create_shop(b).buy(shop.attempt(sale, buyer=5))
    assert labels(heard) == [
        f"SELECT * FROM sales WHERE id = {sale.id}",
        f"SELECT COALESCE(SUM(quantity), 0) AS bought FROM orders WHERE sale_id = {sale.id} AND buyer_id = 5",
        f"UPDATE sales SET stock = 0 WHERE id = {sale.id}",
        f"INSERT INTO orders VALUES ('…', {sale.id}, 5, 1, 100, 'placed', '…')",
    ]
    assert heard.replies == ["stock=1 state=published …", "bought=0", "1 row", "1 row"]


def test_begin_commit_and_rollback_are_steps_and_the_greeting_is_none(b: Backends, heard: Recorder) -> None:
    with b.sql() as db, db.transaction():
        db.one("SELECT 1 AS one")
    with pytest.raises(ZeroDivisionError), b.sql() as db, db.transaction():
        _ = 1 / 0
    assert labels(heard) == ["BEGIN", "SELECT 1 AS one", "COMMIT", "BEGIN", "ROLLBACK"]
    assert heard.replies == ["ok", "one=1", "ok", "ok", "ok"]


def test_many_rows_in_one_insert_are_one_step(b: Backends, heard: Recorder) -> None:
    rows: list[tuple[object, ...]] = [(new_id(), "x", NOW) for _ in range(50)]
    with b.sql() as db:
        db.run_many("INSERT INTO buyers (name, password_hash, created_at) VALUES (%s, %s, %s)", rows)
    assert [step.label[:31] for step in heard.steps] == ["INSERT INTO buyers VALUES ('…',"]
    assert heard.replies == ["50 rows"]


def test_an_error_is_a_reply(b: Backends, heard: Recorder) -> None:
    with pytest.raises(pymysql.MySQLError), b.sql() as db:
        db.one("SELECT * FROM nowhere")
    b.stock.set("a string", "x")
    with pytest.raises(ResponseError):
        b.stock.lpush("a string", 1)
    assert heard.replies == ["error 1146", "OK", "error WRONGTYPE"]


def one(redis: Any) -> None:
    redis.get("k")


def pipeline(redis: Any) -> None:
    redis.pipeline(transaction=False).set("k", 1).get("k").execute()


def transaction(redis: Any) -> None:
    redis.pipeline(transaction=True).set("k", 1).get("k").execute()


def script(redis: Any) -> None:
    redis.register_script(f"return KEYS[1] -- {new_id()}")(keys=["k"])  # one that the server cannot know yet


def publish(redis: Any) -> None:
    redis.publish("news", "x")


@pytest.mark.parametrize("do", [one, pipeline, transaction, script, publish])
def test_a_round_trip_to_redis_is_one_step(b: Backends, heard: Recorder, do: Callable[[Any], None]) -> None:
    do(b.stock)
    assert len(heard.steps) == len(heard.replies) == 1, labels(heard)


def test_to_enqueue_a_job_is_two_steps(b: Backends, heard: Recorder) -> None:
    queue = Queue("work", connection=b.queue)
    queue.enqueue("time.sleep", 0)  # RQ asks for the version of its server first: that is a greeting
    queue.enqueue("time.sleep", 0)
    assert [step.command.split(" rq")[0] for step in heard.steps] == [
        "pipeline: MULTI, SADD",
        "pipeline: MULTI, HSET",
        "pipeline: MULTI, SADD",
        "pipeline: MULTI, HSET",
    ]


def test_watch_read_and_exec_are_three_steps(b: Backends, heard: Recorder) -> None:
    with b.stock.pipeline() as pipe:
        pipe.watch("k")
        pipe.get("k")
        pipe.multi()
        pipe.set("k", 1)
        pipe.execute()
    assert labels(heard) == ["WATCH k", "GET k", "pipeline: MULTI, SET k, EXEC"]


def test_pings_subscriptions_and_loading_a_script_are_no_steps(b: Backends, heard: Recorder) -> None:
    b.stock.ping()
    b.stock.script_load("return 1")
    with b.stock.pubsub() as news:
        news.subscribe("news")
        assert news.get_message(timeout=5)
    assert heard.steps == []


def test_a_script_of_a_stage_goes_by_its_file_name_and_keys(
    world: Callable[..., World], observe: Callable[[Any], Backends], settings: Settings, heard: Recorder
) -> None:
    schema.prepare(settings.mysql_url, "s03")
    with closing(Backends.connect("s03", settings).observe(heard).stock) as redis:
        text = (find("s03").folder / "drop.lua").read_text()
        redis.register_script(text)(keys=["a value", "a version"], args=["channel", "name"])
    assert labels(heard) == ["drop.lua a value a version channel name"]


def test_a_script_that_stays_unknown_ends_its_step(b: Backends, heard: Recorder) -> None:
    with pytest.raises(ResponseError):
        b.stock.evalsha("f" * 40, 0)
    b.stock.get(new_id())
    assert heard.replies == ["error NOSCRIPT", "nil"]


def test_only_commands_that_change_nothing_are_called_reads(b: Backends, heard: Recorder) -> None:
    b.stock.get("k")
    b.stock.pipeline(transaction=False).get("k").hgetall("h").execute()
    b.stock.pipeline(transaction=False).get("k").set("k", 1).execute()
    script(b.stock)
    with b.sql() as db:
        db.one("SELECT 1")
    assert [step.reads for step in heard.steps] == [True, True, False, False, False]


class Forbidding(Recorder):
    """Lets nothing pass."""

    def before(self, step: Step) -> None:
        raise PermissionError(step.label)


def test_what_the_watcher_stops_never_reaches_the_server(
    observe: Callable[[Any], Backends], settings: Settings
) -> None:
    name = new_id()
    forbidden = observe(Forbidding())
    with pytest.raises(PermissionError):
        forbidden.stock.set(name, 1)
    with pytest.raises(PermissionError), forbidden.sql() as db:
        db.run("INSERT INTO buyers (name, password_hash, created_at) VALUES (%s, 'x', %s)", name, NOW)
    with closing(database.connect(settings.mysql_url, "seckill_s01")) as db:
        assert db.all("SELECT * FROM buyers WHERE name = %s", name) == []
    with closing(Backends.connect("s01", settings).stock) as redis:
        assert redis.get(name) is None


class Cutting(Recorder):
    """Ends the session of a step before it leaves, as a crashing server would."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def before(self, step: Step) -> None:
        super().before(step)
        with closing(database.connect(self._url)) as db:
            db.run(f"KILL CONNECTION {step.session}")


def test_a_step_without_reply_ends_too(observe: Callable[[Any], Backends], settings: Settings) -> None:
    cutting = Cutting(settings.mysql_url)
    with pytest.raises(pymysql.MySQLError), observe(cutting).sql() as db:
        db.one("SELECT 1")
    assert cutting.replies[0] in {"error 2006", "error 2013"}
