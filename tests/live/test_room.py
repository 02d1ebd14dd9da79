"""The room sale: sixty phones press at once, the projector says what MariaDB says; no more is exposed."""

from __future__ import annotations

import asyncio
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import pytest

from common.cli import main
from common.room import opened
from common.room.address import LOOPBACK, qr_code
from common.room.people import People, RoomFull
from common.room.phones import TOKEN, of_press, of_ticket
from common.room.rounds import GATHER, Round
from common.running import Running
from tests.cli.conftest import Command, command
from tests.edge import Run, ask
from tests.live.page import Page, Reading

__all__ = ["command"]  # a fixture

PEOPLE = 60
UNITS = 20
MOST_ROUNDS = 5
FORGED = "not a token of ours"
ELSEWHERE = "127.0.0.2"  # another address of this machine, as that of a network would be


class Room:
    """A room as its projector and its phones see it."""

    def __init__(self, running: Running, projector: str, phones: str) -> None:
        self.running = running
        self.page = Page(f"Projector: {projector}", "Projector")
        self.phones = phones.rstrip("/")

    async def crowd(self, people: int) -> Counter[str]:
        """So many phones join, wait for the opening, and press; how many were told what in the end."""
        limit = aiohttp.ClientTimeout(total=90)
        async with aiohttp.ClientSession(timeout=limit, connector=aiohttp.TCPConnector(limit=0)) as session:
            phones = [asyncio.create_task(self._phone(session)) for _ in range(people)]
            await asyncio.to_thread(self.page.until, lambda reading: reading["here"] == people)
            status, said = await asyncio.to_thread(self.page.press, "open")
            assert status == 200, said
            return Counter(await asyncio.gather(*phones))

    async def _phone(self, session: aiohttp.ClientSession) -> str:
        me = await told(session, f"{self.phones}/join", "")
        async with session.get(f"{self.phones}/events", params={"phone": me["token"]}) as events:
            opens_in = await self._countdown(events)
            await asyncio.sleep(opens_in)
            answer = await told(session, f"{self.phones}/press", me["token"])
            while answer["outcome"] == "later":
                await asyncio.sleep(0.2)
                answer = await told(session, f"{self.phones}/look", me["token"])
        return str(answer["outcome"])

    async def _countdown(self, events: aiohttp.ClientResponse) -> float:
        async for line in events.content:
            found = re.search(rb'"state": "countdown".*"opens_in": ([\d.]+)', line)
            if found:
                return float(found[1])
        raise AssertionError("the stream ended before the opening")

    def judged(self) -> Reading:
        """The first reading at which nothing is open any more."""

        def is_judged(reading: Reading) -> bool:
            states = {each["state"] for each in reading["verdicts"]}
            return bool(states) and "unknown" not in states

        return self.page.until(is_judged)

    def in_mariadb(self) -> tuple[int, int]:
        """Units, and units sold, of the newest sale."""
        with self.running.database() as db:
            sale = db.one("SELECT id, initial FROM sales ORDER BY id DESC LIMIT 1")
            assert sale
            orders = db.all("SELECT quantity FROM orders WHERE sale_id = %s", sale["id"])
        return sale["initial"], sum(order["quantity"] for order in orders)


async def told(session: aiohttp.ClientSession, url: str, token: str) -> dict[str, Any]:
    async with session.post(url, headers={TOKEN: token}) as answer:
        return dict(await answer.json())


@contextmanager
def room_of(running: Running, seats: int) -> Iterator[Room]:
    with opened(running, LOOPBACK, seats) as addresses:
        yield Room(running, *addresses)


@pytest.fixture(scope="module")
def s01(run: Run) -> Running:
    return run("s01")


@pytest.mark.slow
def test_round_one_oversells_before_their_eyes(s01: Running) -> None:
    """A race may not come to pass: then the projector says that too, and the next round is a new chance."""
    with room_of(s01, seats=MOST_ROUNDS * PEOPLE) as room:
        for number in range(1, MOST_ROUNDS + 1):
            outcomes = asyncio.run(room.crowd(PEOPLE))
            reading = room.judged()
            units, sold = room.in_mariadb()
            assert (reading["facts"]["initial"], reading["facts"]["sold"]) == (units, sold)
            assert units == UNITS
            assert reading["told"]["yes"] == outcomes["yes"] == sold, "who was told yes has an order"
            state = next(each["state"] for each in reading["verdicts"] if each["name"] == "no_oversell")
            assert state == ("broken" if sold > units else "kept")
            assert reading["round"] == number
            if sold > units:
                return
    raise AssertionError(f"no race in {MOST_ROUNDS} rounds of {PEOPLE} people")


@pytest.mark.slow
def test_round_two_does_not(run: Run) -> None:
    with room_of(run("s06", jobs=2), seats=PEOPLE) as room:
        outcomes = asyncio.run(room.crowd(PEOPLE))
        reading = room.judged()
        assert outcomes == {"yes": UNITS, "no": PEOPLE - UNITS}
        assert room.in_mariadb() == (UNITS, UNITS)
        assert {each["state"] for each in reading["verdicts"]} == {"kept"}
        assert reading["told"] == {"yes": UNITS, "no": PEOPLE - UNITS, "later": 0, "unclear": 0}


def status_of(url: str, method: str = "GET", **headers: str) -> int:
    return ask(url, method, headers=headers).status


def test_a_phone_can_press_and_nothing_else(s01: Running) -> None:
    with room_of(s01, seats=2) as room:
        paths = (
            "/admin",
            "/api/sales",
            "/lab",
            "/readings",
            "/do/open",
            "/orders",
            "/healthz",
            "/static/lab.js",
        )
        assert [status_of(room.phones + path) for path in paths] == [404] * len(paths)
        assert status_of(f"{room.phones}/static/..%2fphones.py") == 404
        assert [status_of(f"{room.phones}/static/{name}") for name in ("live.js", "phone.js")] == [200, 200]
        for path in ("/press", "/look"):
            assert status_of(room.phones + path, "POST") == 403
            assert status_of(room.phones + path, "POST", **{TOKEN: "guessed"}) == 403
        assert status_of(f"{room.phones}/events?phone=guessed") == 403
        headers = ask(room.phones + "/").headers
        assert headers["Content-Security-Policy"].startswith("default-src 'self'")


def test_each_phone_is_a_buyer_of_its_own_until_the_room_is_full(s01: Running) -> None:
    async def join_all(url: str) -> list[dict[str, Any]]:
        async with aiohttp.ClientSession() as session:
            first = await told(session, url, "")
            again = await told(session, url, first["token"])
            return [
                first,
                again,
                await told(session, url, "not a token of ours"),
                await told(session, url, ""),
            ]

    with room_of(s01, seats=2) as room:
        first, again, other, none = asyncio.run(join_all(f"{room.phones}/join"))
    assert first == again == {"token": first["token"], "number": 1, "outcome": None}
    assert other["number"] == 2 and other["token"] not in (first["token"], FORGED)
    assert none == {"outcome": "full"}


def test_only_the_teacher_opens_a_round_and_not_before_somebody_is_in(s01: Running) -> None:
    with room_of(s01, seats=2) as room:
        assert room.page.press("open", key="")[0] == 403
        assert room.page.press("open") == (409, "Nobody is in yet.")
        assert room.page.press("close")[0] == 409, "there is no such button"


def test_who_is_early_is_told_so_by_the_shop_and_may_press_again(s01: Running) -> None:
    async def early_and_in_time(room: Room) -> list[dict[str, Any]]:
        press = f"{room.phones}/press"
        async with aiohttp.ClientSession() as session:
            me = await told(session, f"{room.phones}/join", "")
            answers = [await told(session, press, me["token"])]
            async with session.get(f"{room.phones}/events", params={"phone": me["token"]}) as events:
                await asyncio.to_thread(room.page.until, lambda reading: reading["here"] == 1)
                assert (await asyncio.to_thread(room.page.press, "open"))[0] == 200
                assert (await asyncio.to_thread(room.page.press, "open"))[0] == 409, "one at a time"
                opens_in = await room._countdown(events)
                answers.append(await told(session, press, me["token"]))
                await asyncio.sleep(opens_in)
                twice = await asyncio.gather(*[told(session, press, me["token"]) for _ in range(2)])
                answers += sorted(twice, key=lambda answer: answer["outcome"])
                answers.append(await told(session, press, me["token"]))
                answers.append(await told(session, f"{room.phones}/join", me["token"]))
            return answers

    with room_of(s01, seats=2) as room:
        before, early, second, won, after, joined = asyncio.run(early_and_in_time(room))
    assert before == early == {"outcome": "no", "code": "not_open"}
    assert second == {"outcome": "wait"}, "a phone has one press under way at a time"
    assert won["outcome"] == "yes"
    assert after["outcome"] == "no", "the limit, or sold out: the shop's word"
    assert joined["outcome"] == won, "a phone that comes back still has what it got"


def test_who_comes_late_hears_how_late_and_who_leaves_is_not_counted(s01: Running) -> None:
    async def come_late(room: Room) -> tuple[float, float]:
        events, limit = f"{room.phones}/events", aiohttp.ClientTimeout(total=60)
        async with aiohttp.ClientSession(timeout=limit) as session:
            first, late = [await told(session, f"{room.phones}/join", "") for _ in range(2)]
            async with session.get(events, params={"phone": first["token"]}) as stream:
                await asyncio.to_thread(room.page.until, lambda reading: reading["here"] == 1)
                assert (await asyncio.to_thread(room.page.press, "open"))[0] == 200
                in_time = await room._countdown(stream)
                await asyncio.to_thread(room.page.until, lambda reading: 0 < reading["opens_in"] < 3)
                async with session.get(events, params={"phone": late["token"]}) as stream_of_late:
                    too_late = await room._countdown(stream_of_late)
        await asyncio.to_thread(room.page.until, lambda reading: reading["here"] == 0)
        return in_time, too_late

    with room_of(s01, seats=2) as room:
        in_time, too_late = asyncio.run(come_late(room))
    assert too_late < 3 < in_time


@pytest.mark.parametrize(
    ("arrives", "handed_over"),
    [(9.9, 9.9), (10.0, 10 + GATHER), (10.5, 10 + GATHER), (11.0, 11.0), (30.0, 30.0)],
)
def test_presses_of_the_first_second_are_gathered(arrives: float, handed_over: float) -> None:
    assert Round(1, 7, 20, opens_at=10.0).held_until(arrives) == handed_over


def test_what_the_shop_answers_in_four_words() -> None:
    assert of_press(201, {"id": "o"}) == {"outcome": "yes", "order": "o"}
    assert of_press(202, {"id": "t"}) == {"outcome": "later", "ticket": "t"}
    assert of_press(409, {"code": "sold_out"}) == {"outcome": "no", "code": "sold_out"}
    assert of_press(503, {"code": "busy"}) == of_press(0, {}) == {"outcome": "unclear"}
    assert of_ticket({"state": "ordered", "order_id": "o"}) == {"outcome": "yes", "order": "o"}
    assert of_ticket({"state": "refused", "problem": "sold_out"}) == {"outcome": "no", "code": "sold_out"}
    assert of_ticket({"state": "queued"}) is None
    assert of_ticket({"code": "not_found"}) is None, "nobody knows"


def test_a_phone_that_is_here_twice_counts_once() -> None:
    people = People(seats=2)
    one, other = people.join(""), people.join("")
    with people.present(one), people.present(one), people.present(other):
        assert people.here == 2
    assert people.here == 0
    with pytest.raises(RoomFull):
        people.join("")
    assert people.join(one.token) is one


def test_the_qr_code_is_a_picture_and_no_request() -> None:
    assert qr_code("http://192.0.2.7:8080/").startswith("data:image/svg+xml;")


def test_lan_without_a_room_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "s01", "--lan"]) == 2
    assert "add --room" in capsys.readouterr().err


@pytest.mark.slow
def test_lan_opens_the_page_of_the_phones_and_nothing_else(command: Callable[..., Command]) -> None:
    run = command("up", "s01", "--room", f"--lan={ELSEWHERE}", "--buyers", "5")
    said = run.wait_for("Ctrl-C ends it")
    assert f"Whoever reaches {ELSEWHERE} can open this one page" in " ".join(said.split())
    phones = re.search(r"Phones: +(\S+)/\s", said)
    shop = re.search(r"Shop: +(\S+)", said)
    assert phones and shop
    assert ask(phones[1] + "/").status == 200
    for address in (shop[1], Page(said, "Projector").site):
        assert status_of(address + "/") == 200, "power check: it is there"
        with pytest.raises(OSError):
            ask(address.replace(LOOPBACK, ELSEWHERE) + "/")
    with pytest.raises(OSError):
        ask(phones[1].replace(ELSEWHERE, LOOPBACK) + "/")
    run.process.send_signal(signal.SIGINT)
    assert run.wait() == 130
    assert "Traceback" not in run.output


def test_an_address_that_is_not_ours_is_said_to_be(command: Callable[..., Command]) -> None:
    run = command("up", "s01", "--room", "--lan=192.0.2.1", "--buyers", "5")
    assert run.wait() == 2
    assert "Cannot listen at 192.0.2.1:" in run.output
