"""Open streams of tickets, from the real events process behind the real edge."""

from __future__ import annotations

import json
from contextlib import ExitStack, closing

import pytest

from common.demo.contest import open_sale
from common.lab import Lab
from common.lab.sockets import OnUnixSocket, answers, free_port
from common.running import Running, run_stage
from common.seed import demo_buyer
from common.stages import find
from common.web.server import granian_argv
from tests.edge import Run, ask
from tests.streams import Stream, bearer, follow, nobody_works, open_streams, press, ticket_for

MANY = 200


@pytest.fixture(scope="module")
def shop(run: Run) -> Running:
    return run("s06")


def test_a_stream_tells_the_states_in_order_and_ends_with_the_ticket(shop: Running) -> None:
    sale = open_sale(shop, units=1)
    with ExitStack() as stack:
        with nobody_works(shop):
            ticket = ticket_for(shop, sale, 1)
            stream = stack.enter_context(follow(shop, ticket, 1))
            events = stream.events()
            assert next(events).ticket["state"] == "queued"
        rest = list(events)
    assert stream.response.headers["Content-Type"] == "text/event-stream"
    assert rest[-1].ticket["state"] == "ordered"
    assert [event.id for event in rest] == sorted({event.id for event in rest})
    orders = json.loads(ask(f"{shop.url}/api/orders", headers=bearer(shop, 1)).body)["orders"]
    assert rest[-1].ticket["order_id"] in {order["id"] for order in orders}
    assert rest[-1].ticket == json.loads(ask(ticket, headers=bearer(shop, 1)).body)


def test_who_comes_back_is_told_only_what_is_new(shop: Running) -> None:
    sale = open_sale(shop, units=1)
    with nobody_works(shop):
        ticket = ticket_for(shop, sale, 1)
        with follow(shop, ticket, 1) as stream:
            seen = next(stream.events()).id
        again = follow(shop, ticket, 1, **{"Last-Event-ID": seen})
    states = [event.ticket["state"] for event in again.events()]
    again.close()
    assert "queued" not in states
    assert states[-1] == "ordered"


def test_who_has_seen_the_end_is_told_not_to_come_back(shop: Running) -> None:
    ticket = ticket_for(shop, open_sale(shop, units=1), 1)
    with follow(shop, ticket, 1) as stream:
        *_, last = stream.events()
    with follow(shop, ticket, 1, **{"Last-Event-ID": last.id}) as again:
        assert again.status == 204
    with follow(shop, ticket, 1, **{"Last-Event-ID": "nonsense"}) as afresh:
        assert [event.ticket["state"] for event in afresh.events()] == ["ordered"]


def test_a_stream_whose_reader_has_gone_is_closed(shop: Running) -> None:
    sale = open_sale(shop, units=1)
    with nobody_works(shop):
        before = open_streams(shop)
        with follow(shop, ticket_for(shop, sale, 1), 1) as stream:
            next(stream.events())
            assert open_streams(shop) == before + 1
        while open_streams(shop) > before:
            pass  # one that stays open is a time-out of this test


def test_a_page_session_may_follow_too(shop: Running) -> None:
    cookie = sign_in(shop, demo_buyer(2).name)
    ticket = ticket_for(shop, open_sale(shop, units=1), 2)
    with Stream(f"{ticket}/events", {"Cookie": cookie}) as stream:
        assert [event.ticket["state"] for event in stream.events()][-1] == "ordered"


def sign_in(shop: Running, name: str) -> str:
    """The cookie of a new page session."""
    page = ask(f"{shop.url}/login")
    cookie = str(page.headers["Set-Cookie"]).partition(";")[0]
    token = page.body.decode().partition('name="csrf_token" value="')[2].partition('"')[0]
    form = f"name={name}&password=demo&csrf_token={token}"
    sent = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    answer = ask(f"{shop.url}/login", "POST", form, sent)
    assert answer.status == 303, answer.body
    return str(answer.headers["Set-Cookie"]).partition(";")[0]


REFUSED = {
    "nobody": (1, {"Authorization": None}, 401, "unauthorized"),
    "a forged token": (1, {"Authorization": "Bearer forged"}, 401, "unauthorized"),
    "another scheme": (1, {"Authorization": "Basic YTpi"}, 401, "unauthorized"),
    "a made-up session": (1, {"Authorization": None, "Cookie": "s06_session=made-up"}, 401, "unauthorized"),
    "a forged token beside a good session": (2, {"Authorization": "Bearer forged"}, 401, "unauthorized"),
    "somebody else": (2, {}, 404, "not_found"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_who_may_not_follow_gets_a_clear_answer(shop: Running, name: str) -> None:
    buyer, change, status, code = REFUSED[name]
    ticket = ticket_for(shop, open_sale(shop, units=1), 1)
    headers = {**bearer(shop, buyer), **change}
    answer = ask(f"{ticket}/events", headers={key: value for key, value in headers.items() if value})
    assert (answer.status, json.loads(answer.body)["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.body)["instance"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    "ticket", ["1-nothing", "0", "x" * 65, "..", "%00", "%E4%BD%A0", "a%2Fb", "1-" + "0" * 36]
)
@pytest.mark.parametrize("tail", ["", "/events"])
def test_what_is_no_ticket_is_404(shop: Running, ticket: str, tail: str) -> None:
    answer = ask(f"{shop.url}/api/tickets/{ticket}{tail}", headers=bearer(shop, 1))
    assert answer.status in {404, 400 if ticket == "%00" else 404}


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT"])
def test_another_method_is_405_and_says_what_is_allowed(shop: Running, method: str) -> None:
    ticket = ticket_for(shop, open_sale(shop, units=1), 1)
    answer = ask(f"{ticket}/events", method, headers=bearer(shop, 1))
    assert (answer.status, answer.headers["Allow"]) == (405, "GET")


def test_the_protecting_headers_are_there_once(shop: Running) -> None:
    with follow(shop, ticket_for(shop, open_sale(shop, units=1), 1), 1) as stream:
        for name in ("X-Content-Type-Options", "Cache-Control", "X-Request-Id"):
            assert len(stream.response.headers.get_all(name, [])) == 1


# --- many of them ------------------------------------------------------------------------------------------


def test_two_hundred_open_streams_and_ordinary_buying_go_together(shop: Running) -> None:
    """Counted by the events process: all stand open while others buy, and each ends with its order."""
    buyers, others = range(1, MANY + 1), range(MANY + 1, MANY + 51)
    sale = open_sale(shop, units=MANY + 50)
    with ExitStack() as opened:
        with nobody_works(shop):
            tickets = {buyer: ticket_for(shop, sale, buyer) for buyer in buyers}
            streams = [opened.enter_context(follow(shop, ticket, buyer)) for buyer, ticket in tickets.items()]
            events = [stream.events() for stream in streams]
            assert {next(each).ticket["state"] for each in events} == {"queued"}
            assert open_streams(shop) == MANY, "the power check: all are open at once"
            assert [press(shop, sale, buyer).status for buyer in others] == [202] * 50
            assert ask(f"{shop.url}/readyz").status == 200
            assert open_streams(shop) == MANY
        ends = [list(each)[-1].ticket for each in events]
    assert {end["state"] for end in ends} == {"ordered"}
    assert len({end["order_id"] for end in ends}) == MANY


def test_streams_in_web_threads_would_keep_everybody_else_out(shop: Running, lab: Lab) -> None:
    """The same from a thread for each stream: with all of them taken, nobody is answered until one ends."""
    threads, socket = 4, lab.folder / "blocking.sock"
    argv = granian_argv("tests.web.blocking_streams:create_app", socket, workers=1, threads=threads)
    secret = {"SECRET_KEY": shop.settings.secret_key}
    web = lab.start_process("blocking", argv, env=secret, ready=answers(socket, "/healthz"))
    sale = open_sale(shop, units=threads)
    with ExitStack() as opened:

        def get(path: str, buyer: int, patience: float) -> OnUnixSocket:
            connection = opened.enter_context(closing(OnUnixSocket(socket, patience)))
            connection.request("GET", path, headers=bearer(shop, buyer))
            return connection

        with nobody_works(shop):
            for buyer in range(1, threads + 1):
                path = ticket_for(shop, sale, buyer).removeprefix(shop.url)
                stream = opened.enter_context(get(f"{path}/events", buyer, patience=30).getresponse())
                assert stream.readline() == b"retry: 1000\n"
            with pytest.raises(TimeoutError):
                get("/healthz", 1, patience=2).getresponse()
        assert get("/healthz", 1, patience=30).getresponse().status == 200, "the streams have ended"
    web.stop()


# --- faults ------------------------------------------------------------------------------------------------


def test_a_stream_outlives_a_redis_that_goes_away_and_comes_back() -> None:
    with Lab() as lab:
        shop = run_stage(lab, find("s06"), port=free_port(), buyers=1)
        sale = open_sale(shop, units=1)
        with nobody_works(shop):
            ticket = ticket_for(shop, sale, 1)
            stream = follow(shop, ticket, 1)
            events = stream.events()
            assert next(events).ticket["state"] == "queued"
            lab.redis.kill()
            refused = ask(f"{ticket}/events", headers=bearer(shop, 1))
            assert (refused.status, refused.headers["Retry-After"]) == (503, "2"), "a new one is told to wait"
            lab.redis.start()
        assert [event.ticket["state"] for event in events][-1] == "ordered"
        stream.close()
        while ask(f"{ticket}/events", headers=bearer(shop, 1)).status != 200:
            pass
