"""The crowd presses when it planned to, whatever the shop does, and tells honestly what came back."""

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import web

from common.proof.crowd import CrowdError, Mood, Press, Target, plan, run, spike
from common.proof.history import Told

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
BUYERS = range(1, 201)
TOKENS = dict.fromkeys(BUYERS, "a-token")


@contextmanager
def shop(buy: Handler, ticket: Handler | None = None, door: Handler | None = None) -> Iterator[Target]:
    """A shop in a thread that speaks just enough of the contract.

    It answers each press by `buy`, each look at a ticket by `ticket`, each knock at its `door` by that.
    """

    async def known(request: web.Request) -> web.Response:
        right = request.headers.get("Authorization") == "Bearer a-token"
        return web.json_response({"entry": door and "/api/sales/7/entry"}, status=200 if right else 401)

    async def serve() -> None:
        app = web.Application()
        app.add_routes([web.get("/api/sales/7", known), web.get("/api/orders", known)])
        app.add_routes([web.post("/api/sales/7/orders", buy), web.post("/api/sales/7/entry", door or known)])
        app.add_routes([web.get("/api/tickets/{id}", ticket or known)])
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        addresses.append(runner.addresses[0][1])
        started.set()
        await stop.wait()
        await runner.cleanup()

    addresses: list[int] = []
    loop, stop, started = asyncio.new_event_loop(), asyncio.Event(), threading.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert started.wait(10)
    try:
        yield Target(f"http://127.0.0.1:{addresses[0]}", 7, TOKENS)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def sell(request: web.Request) -> web.Response:
    return web.json_response({"id": "order-of-" + request.headers["Idempotency-Key"]}, status=201)


def presses(count: int, spread: float = 0.0) -> list[Press]:
    return plan(BUYERS[:count], spike(spread), seed=1, mood=Mood(0, 0))


def test_the_same_seed_gives_the_same_plan() -> None:
    assert plan(BUYERS, spike(1), seed=3) == plan(BUYERS, spike(1), seed=3)
    assert plan(BUYERS, spike(1), seed=3) != plan(BUYERS, spike(1), seed=4)


def test_a_plan_is_in_order_within_its_time_and_everybody_comes() -> None:
    planned = plan(BUYERS, spike(0.5), seed=3)
    times = [press.at for press in planned]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= 0.5
    assert {press.buyer_id for press in planned} == set(BUYERS)
    assert [press.number for press in planned] == list(range(len(planned)))


def test_the_impatient_press_at_one_moment_with_a_key_for_each() -> None:
    planned = plan(BUYERS, spike(1), seed=3, mood=Mood(wants_two=0.5, impatient=1, presses=2))
    assert set(Counter(press.buyer_id for press in planned).values()) == {2}
    assert len({(press.buyer_id, press.at, press.quantity) for press in planned}) == len(BUYERS)
    assert len({press.key for press in planned}) == len(planned)
    assert {press.quantity for press in planned} == {1, 2}


def test_a_slow_shop_does_not_slow_the_plan() -> None:
    """Nobody is answered before the last has pressed: a crowd that waits for answers would wait for ever."""
    arrived = 0
    everyone = asyncio.Event()

    async def hold(request: web.Request) -> web.Response:
        nonlocal arrived
        arrived += 1
        if arrived == 200:
            everyone.set()
        await everyone.wait()
        return await sell(request)

    with shop(hold) as target:
        history = run(target, presses(200, spread=0.5))
    assert {told.outcome for told in history} == {"accepted"}


def test_latency_includes_what_the_press_was_late() -> None:
    with shop(sell) as target:
        history = run(target, presses(20))
    for told in history:
        assert told.answered_at is not None
        assert told.planned_at <= told.sent_at <= told.answered_at
        assert told.latency == told.answered_at - told.planned_at


def test_every_press_is_told_once_and_reported_as_it_comes() -> None:
    heard: list[Told] = []
    with shop(sell) as target:
        history = run(target, presses(50), processes=3, on_told=heard.append)
    assert [told.attempt for told in history] == list(range(50))
    assert sorted(heard, key=lambda told: told.attempt) == history
    assert all(told.order_id == f"order-of-{told.key}" for told in history)


async def cut(request: web.Request) -> web.Response:
    assert request.transport
    request.transport.close()
    return web.Response()


async def cut_in_mid_answer(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(status=201, headers={"Content-Length": "999"})
    await response.prepare(request)
    await response.write(b'{"id": "order-1"')
    assert request.transport
    request.transport.close()
    return response


async def never(request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    return web.Response()


async def busy(request: web.Request) -> web.Response:
    return web.json_response({"type": "busy"}, status=503)


async def no_json(request: web.Request) -> web.Response:
    return web.Response(status=201, text="<h1>thanks")


@pytest.mark.parametrize("answer", [cut, cut_in_mid_answer, never, busy, no_json])
def test_who_got_no_clear_answer_is_told_unknown(answer: Handler) -> None:
    with shop(answer) as target:
        [told] = run(target, presses(1), patience=0.5)
    assert told.outcome == "unknown"
    assert told.order_id is None
    assert (told.answered_at is None) == (answer in {cut, cut_in_mid_answer, never})


class SendsAway:
    """Says `busy` so many `times`, to come again in `wait` seconds, and then goes on by `then`."""

    wait = 0.2

    def __init__(self, times: int, then: Handler, **said: object) -> None:
        self.keys: list[str | None] = []
        self.came: list[float] = []
        self._times = times
        self._then = then
        self._said = said

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.keys.append(request.headers.get("Idempotency-Key"))
        self.came.append(time.monotonic())
        if len(self.keys) > self._times:
            return await self._then(request)
        said = {"type": "busy", **self._said}
        return web.json_response(said, status=503, headers={"Retry-After": str(self.wait)})


def test_who_is_sent_away_comes_again_with_the_same_press_and_each_time_later() -> None:
    buy = SendsAway(2, sell, taken=False)
    with shop(buy.answer) as target:
        [told] = run(target, presses(1), comes_again=True)
    assert buy.keys == [told.key] * 3
    first, second, third = buy.came
    assert second - first >= 0.2, "as the shop said"
    assert third - second >= 0.4
    assert (told.outcome, told.sent_away, told.order_id) == ("accepted", 2, f"order-of-{told.key}")
    assert told.latency, "from the planned press to the last answer"
    assert told.latency >= 0.6


def test_who_is_sent_away_until_they_give_up_has_got_nothing_for_sure() -> None:
    buy = SendsAway(1000, sell, taken=False)
    with shop(buy.answer) as target:
        [told] = run(target, presses(1), patience=1, comes_again=True)
    assert (told.outcome, told.code, told.status) == ("refused", "busy", 503)
    assert len(buy.keys) == 1 + told.sent_away
    assert 1 <= told.sent_away <= 2


def test_who_comes_again_gives_up_when_they_would_have_given_up() -> None:
    gave_up: list[float] = []

    async def hold(request: web.Request) -> web.StreamResponse:
        try:
            return await never(request)
        finally:
            gave_up.append(time.monotonic())

    buy = SendsAway(1, hold, taken=False)
    buy.wait = 0.8
    with shop(buy.answer) as target:
        [told] = run(target, presses(1), patience=2, comes_again=True)
    assert (told.outcome, told.status, told.sent_away) == ("unknown", None, 1)
    assert gave_up[0] - buy.came[1] < 1.5, "it is not two seconds more"


@pytest.mark.parametrize(
    ("said", "comes_again", "outcome"),
    [
        ({"taken": False}, True, "accepted"),
        ({"taken": False}, False, "refused"),
        ({"taken": True}, True, "unknown"),
        ({}, True, "unknown"),
    ],
    ids=["the power check", "comes once only", "was taken", "nobody knows"],
)
def test_only_a_crowd_that_comes_again_does_and_only_if_nothing_was_taken(
    said: dict[str, object], comes_again: bool, outcome: str
) -> None:
    buy = SendsAway(1, sell, **said)
    with shop(buy.answer) as target:
        [told] = run(target, presses(1), comes_again=comes_again)
    assert told.outcome == outcome
    assert len(buy.keys) == (2 if outcome == "accepted" else 1)


def test_who_is_sent_away_at_the_door_knocks_again_and_who_has_a_permit_keeps_it() -> None:
    async def permit(_: web.Request) -> web.Response:
        return web.json_response({"permit": "p"})

    buy, door = SendsAway(1, sell, taken=False), SendsAway(1, permit, taken=False)
    with shop(buy.answer, door=door.answer) as target:
        [told] = run(target, presses(1), comes_again=True)
    assert (told.outcome, told.sent_away) == ("accepted", 2)
    assert (len(door.came), buy.keys) == (2, [told.key] * 2)


async def promise(request: web.Request) -> web.Response:
    ticket = {"id": "t-" + request.headers["Idempotency-Key"], "state": "queued"}
    return web.json_response(ticket, status=202)


@pytest.mark.parametrize(
    ("end", "outcome", "code", "order_id"),
    [
        ({"state": "ordered", "order_id": "o1"}, "accepted", None, "o1"),
        ({"state": "refused", "problem": "limit_reached"}, "refused", "limit_reached", None),
    ],
)
def test_who_got_a_ticket_follows_it_to_its_end(
    end: dict[str, str], outcome: str, code: str | None, order_id: str | None
) -> None:
    """Through a look that is not answered, one that fails, and one at which nothing has happened yet."""
    looks: list[str] = []

    async def ticket(request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == "Bearer a-token"
        looks.append(request.match_info["id"])
        if len(looks) == 1:
            return await cut(request)
        if len(looks) == 2:
            return await busy(request)
        return web.json_response({"state": "working"} if len(looks) == 3 else end)

    with shop(promise, ticket) as target:
        [told] = run(target, presses(1))
    assert looks == [f"t-{told.key}"] * 4
    assert (told.status, told.outcome, told.code, told.order_id) == (202, outcome, code, order_id)
    assert told.ticket_id == looks[0]
    assert told.answered_at and told.ended_at and told.answered_at < told.ended_at


def test_a_ticket_that_never_ends_is_told_as_unknown() -> None:
    async def ticket(_: web.Request) -> web.StreamResponse:
        return web.json_response({"state": "working"})

    with shop(promise, ticket) as target:
        [told] = run(target, presses(1), patience=0.5)
    assert (told.outcome, told.code, told.ended_at) == ("unknown", "queued", None)


def test_who_is_answered_at_once_knows_at_once() -> None:
    with shop(sell) as target:
        [told] = run(target, presses(1))
    assert told.ended_at == told.answered_at


def test_a_crowd_that_finds_no_shop_says_so() -> None:
    with pytest.raises(CrowdError, match=r"cannot buy at http://127.0.0.1:1"):
        run(Target("http://127.0.0.1:1", 7, TOKENS), presses(1))


def test_a_crowd_whose_tokens_are_not_known_says_so() -> None:
    with shop(sell) as target, pytest.raises(CrowdError, match="answered 401"):
        run(Target(target.url, 7, dict.fromkeys(BUYERS, "forged")), presses(1))


def test_a_crowd_after_no_sale_says_so() -> None:
    with shop(sell) as target, pytest.raises(CrowdError, match="answered 404"):
        run(Target(target.url, 8, TOKENS), presses(1))


def test_a_buyer_without_a_token_is_named() -> None:
    with pytest.raises(CrowdError, match="no token for buyer 201"):
        run(Target("http://127.0.0.1:1", 7, TOKENS), [Press(0, 0, 201, 1, "k")])


@pytest.mark.parametrize(
    "too_much", [[Press(0, 0, 1, 1, "k")] * 200_001, [Press(0, 601, 1, 1, "k")]], ids=["count", "time"]
)
def test_a_crowd_has_bounds(too_much: list[Press]) -> None:
    with pytest.raises(CrowdError, match="a crowd is at most"):
        run(Target("http://127.0.0.1:1", 7, TOKENS), too_much)


def test_an_interrupted_crowd_ends_without_a_word_more() -> None:
    """Ctrl-C while the generators have not even read their job: an exception, and nothing on stderr."""
    code = (
        "import os, signal, threading\n"
        "from common.proof import crowd\n"
        "def interrupt(generator, message):\n"
        "    real(generator, message)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "real, crowd._write = crowd._write, interrupt\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "presses = [crowd.Press(n, 0, 1, 1, str(n)) for n in range(9000)]\n"
        "try:\n"
        "    crowd.run(crowd.Target('http://127.0.0.1:1', 7, {1: 'a-token'}), presses)\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted')\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (said.stdout, said.stderr) == ("interrupted\n", "")


def running() -> dict[int, int]:
    """Parent of every process, by id; those that have ended and wait to be collected are not running."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                found[int(stat.parent.name)] = int(parent)
    return found


def children(pid: int) -> set[int]:
    return {child for child, parent in running().items() if parent == pid}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_generators_end_with_their_parent(number: signal.Signals) -> None:
    with shop(never) as target:
        code = (
            "from common.proof.crowd import *\n"
            f"run(Target({target.url!r}, 7, {{1: 'a-token'}}), [Press(n, 0, 1, 1, str(n)) for n in range(9)])"
        )
        parent = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
        while len(children(parent.pid)) < 2:
            time.sleep(0.01)
        generators = children(parent.pid)
        parent.send_signal(number)
        parent.wait()
        while generators & running().keys():  # a generator that stays is a time-out of this test
            time.sleep(0.01)
