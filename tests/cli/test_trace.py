"""`./seckill trace` tells of an attempt what the shop itself has written down, and what nobody knows."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from rq.utils import utcformat

from common import shops
from common.backends import connect_redis
from common.cli import main
from common.demo.contest import open_sale
from common.lab import Lab, LabError
from common.running import Running
from common.shops import KnownShop, shops_to_ask
from common.trace import follow
from common.trace.moments import Moment, Trace
from common.trace.servers import find_job
from tests import streams
from tests.cli.conftest import wait_until
from tests.edge import Run, ask

Capture = pytest.CaptureFixture[str]
NOBODY = "9-01a22876-b188-7b62-87f9-d512e5e60927"


@pytest.fixture(autouse=True)
def here(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other test processes have shops of their own."""
    monkeypatch.setenv("MYSQL_URL", lab.mysql.url)
    monkeypatch.setenv("REDIS_URL", lab.redis.url)


@pytest.fixture(scope="module")
def s06(run: Run) -> Running:
    return run("s06")


@pytest.fixture(scope="module")
def s07(run: Run) -> Running:
    return run("s07")


@pytest.fixture(scope="module")
def s02(run: Run) -> Running:
    return run("s02")


def known(running: Running) -> KnownShop:
    [shop] = shops_to_ask([running.stage.code])
    return shop


def followed(running: Running, wanted: str) -> Trace:
    found = follow.trace(known(running), wanted)
    assert found
    return found


def ordered(shop: Running, address: str, buyer: int = 1) -> str:
    """Wait for the end of the ticket at `address`; its order."""

    def state() -> dict[str, str]:
        return dict(json.loads(ask(address, headers=streams.bearer(shop, buyer)).body))

    wait_until(lambda: state()["state"] in ("ordered", "refused"), lambda: "the ticket does not end")
    return state()["order_id"]


def places(trace: Trace) -> list[str]:
    return [each.place for each in trace.in_order if not each.looking]


def test_a_ticket_is_followed_through_every_process(s06: Running, capsys: Capture) -> None:
    address = streams.ticket_for(s06, open_sale(s06, units=3), buyer=1)
    with streams.follow(s06, address, buyer=1) as stream:
        events = list(stream.events())
    ticket, order = address.rpartition("/")[2], ordered(s06, address)
    wait_until(
        lambda: any(each.place == "events" for each in followed(s06, ticket).moments),
        lambda: "the events process never logged its stream",
    )
    wait_until(
        lambda: any(each.place == "worker" and each.until for each in followed(s06, ticket).moments),
        lambda: "RQ never wrote down the end of the run",
    )
    trace = followed(s06, ticket)

    assert events[-1].ticket["order_id"] == order
    assert trace.ended == f"ordered: {order}"
    assert places(trace) == ["edge", "web", "Redis", "queue", "worker", "MariaDB", "MariaDB", "Redis"]
    assert trace.unknown == ()
    with s06.database() as db:
        decision = db.one("SELECT decided_at FROM decisions WHERE order_id = %s", order)
    assert decision
    assert [each.at for each in trace.moments if each.place == "MariaDB"] == [decision["decided_at"]] * 2
    worker = next(each for each in trace.moments if each.place == "worker")
    assert (
        worker.at
        <= decision["decided_at"] + timedelta(milliseconds=1)
        <= worker.end + timedelta(milliseconds=1)
    )
    assert "successful" in worker.what

    assert main(["trace", order]) == 0, "an order leads to its ticket"
    said = capsys.readouterr().out
    assert said.startswith(f"ticket {ticket} of s06\nordered: {order}; pressed ")
    assert "request " in said and "edge" in said and "≤" in said


def test_what_has_not_happened_yet_is_not_there(s06: Running) -> None:
    with streams.nobody_works(s06):
        address = streams.ticket_for(s06, open_sale(s06, units=3), buyer=2)
        trace = followed(s06, address.rpartition("/")[2])
        assert trace.ended == "not ended: queued"
        assert places(trace) == ["edge", "web", "Redis", "queue"]
    ordered(s06, address, buyer=2)


def test_a_ticket_that_never_got_a_job_is_said_to_be_held_by_nobody(s06: Running) -> None:
    """What a crash between the reservation and the queue leaves behind."""
    with streams.nobody_works(s06), s06.redis() as redis:
        ticket = streams.ticket_for(s06, open_sale(s06, units=3), buyer=3).rpartition("/")[2]
        redis.delete(f"rq:job:{ticket}")
        redis.lrem("rq:queue:s06:orders", 0, ticket)
        trace = followed(s06, ticket)
    assert trace.unknown == (follow.NOBODY_WORKS,)
    assert places(trace) == ["edge", "web", "Redis"]


def test_a_ticket_is_followed_through_the_journal(s07: Running) -> None:
    with streams.nobody_works(s07):
        address = streams.ticket_for(s07, open_sale(s07, units=3), buyer=1)
        ticket = address.rpartition("/")[2]
        waits = followed(s07, ticket)
        assert (waits.ended, places(waits)) == ("not ended: queued", ["edge", "web", "Redis"])
        assert waits.unknown == ("It is in the journal: nobody has had it.",)
    order = ordered(s07, address)
    trace = followed(s07, ticket)
    assert (trace.ended, trace.unknown) == (f"ordered: {order}", ())
    assert places(trace) == ["edge", "web", "Redis", "MariaDB", "MariaDB", "Redis"]


def test_when_redis_has_forgotten_mariadb_still_knows(s06: Running) -> None:
    address = streams.ticket_for(s06, open_sale(s06, units=3), buyer=1)
    ticket, order = address.rpartition("/")[2], ordered(s06, address)
    sale, _, token = ticket.partition("-")
    with s06.redis() as redis:
        wait_until(lambda: not redis.zscore("rq:wip:s06:orders", ticket), lambda: "the job does not end")
        assert redis.delete(f"s06:{{{sale}}}:ticket:{token}", f"rq:job:{ticket}") == 2
    trace = followed(s06, ticket)
    assert trace.ended == f"ordered: {order}"
    assert places(trace) == ["edge", "web", "MariaDB", "MariaDB"]
    assert trace.unknown == (follow.NO_TICKET, follow.FORGOTTEN)


def test_a_run_that_was_killed_is_counted(s06: Running) -> None:
    """The runs are counted by the ticket, not by RQ, which keeps nothing of one that was killed."""
    address = streams.ticket_for(s06, open_sale(s06, units=3), buyer=1)
    ticket = address.rpartition("/")[2]
    ordered(s06, address)
    sale, _, token = ticket.partition("-")
    with s06.redis() as redis:
        redis.hset(f"s06:{{{sale}}}:ticket:{token}", "runs", 3)
    assert any("began 3 times" in line for line in followed(s06, ticket).unknown)


def test_a_job_that_was_put_into_the_queue_again_shows_both_times(s06: Running) -> None:
    """As after a worker that was killed: RQ finds its job a minute later."""
    with streams.nobody_works(s06), s06.redis() as redis:
        ticket = streams.ticket_for(s06, open_sale(s06, units=3), buyer=1).rpartition("/")[2]
        job = find_job(redis, ticket)
        assert job and job.enqueued_at
        later = utcformat(job.enqueued_at + timedelta(seconds=90))
        redis.hset(f"rq:job:{ticket}", "enqueued_at", later)
        once, again = (each for each in followed(s06, ticket).in_order if each.place == "queue")
    assert again.at - once.at > timedelta(seconds=89)
    assert "again" in again.what and "again" not in once.what


def test_before_s06_an_order_is_followed(s02: Running, capsys: Capture) -> None:
    answer = streams.press(s02, open_sale(s02, units=3), buyer=1)
    assert answer.status == 201
    order = json.loads(answer.body)["id"]
    trace = followed(s02, order)
    assert places(trace) == ["web", "MariaDB"], "s02 has no edge and no queue"
    web, row = trace.in_order
    assert web.at <= row.at <= web.end
    assert main(["trace", order, "--stage", "s02"]) == 0
    assert capsys.readouterr().out.startswith(f"order {order} of s02\nstatus placed; ")


def test_without_logs_it_says_so(s02: Running, lab: Lab) -> None:
    order = json.loads(streams.press(s02, open_sale(s02, units=3), buyer=1).body)["id"]
    trace = follow.trace(KnownShop("s02", "", lab.mysql.url, lab.redis.url), order)
    assert trace and trace.unknown == (follow.NO_LOGS,)
    assert places(trace) == ["MariaDB"]


def test_a_press_that_is_in_no_log_is_said_to_be(s02: Running) -> None:
    """Its answer was lost: the row is there, and the web never wrote its line."""
    with s02.database() as db:
        db.run(
            "INSERT INTO orders (id, sale_id, buyer_id, quantity, price_cents, status, created_at)"
            " VALUES ('00000000-0000-7000-8000-000000000001', 1, 1, 1, 100, 'placed', %s)",
            datetime.now(UTC),
        )
    assert followed(s02, "00000000-0000-7000-8000-000000000001").unknown == (follow.NO_LINE,)


def test_what_is_not_there_is_said_in_a_sentence(s06: Running, capsys: Capture) -> None:
    assert main(["trace", NOBODY]) == 2
    assert f"There is no ticket and no order {NOBODY} (asked: " in capsys.readouterr().err
    assert main(["trace", "../../etc/passwd"]) == 2
    assert "can be neither a ticket nor an order" in capsys.readouterr().err


def test_no_shop_at_all(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.delenv("MYSQL_URL")
    monkeypatch.delenv("REDIS_URL")
    monkeypatch.setattr(shops, "folders_in_use", list)
    assert main(["trace", NOBODY]) == 2
    assert "No shop runs here: start one" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["MYSQL_URL", "REDIS_URL"])
def test_a_server_that_does_not_answer(
    s06: Running, name: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv(
        name, {"MYSQL_URL": "mysql://root@127.0.0.1:1/", "REDIS_URL": "redis://127.0.0.1:1/0"}[name]
    )
    assert main(["trace", NOBODY, "--stage", "s06"]) == 2
    said = capsys.readouterr().err
    assert "cannot be asked" in said and "Traceback" not in said


def test_the_note_of_a_shop_holds_no_secret_and_is_read_while_it_runs(s02: Running, lab: Lab) -> None:
    note = lab.folder / "shop-s02.json"
    assert json.loads(note.read_text())["url"] == s02.url
    assert s02.settings.secret_key not in note.read_text()
    assert lab.folder in shops.folders_in_use()
    with closing(connect_redis(s02.settings)) as redis:
        assert redis.ping(), "power check: the servers of that note answer"


def test_moments_at_the_same_time_go_the_way_of_a_request() -> None:
    now = datetime.now(UTC)
    late = [Moment(place, now, "") for place in ("MariaDB", "queue", "edge", "Redis", "worker", "web")]
    looked = Moment("web", now - timedelta(seconds=1), "", looking=True)
    order = [each.place for each in Trace("", "", [looked, *late]).in_order]
    assert order == ["edge", "web", "Redis", "queue", "worker", "MariaDB", "web"]


def test_a_stage_that_was_never_run_here_is_no_error(lab: Lab) -> None:
    shop = KnownShop("s99", "", lab.mysql.url, lab.redis.url)
    assert follow.trace(shop, NOBODY) is None
    with pytest.raises(LabError):
        follow.trace(KnownShop("s02", "", "mysql://nobody:wrong@127.0.0.1:1/", lab.redis.url), NOBODY)
