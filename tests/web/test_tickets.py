"""Tickets over HTTP: one's own and nobody else's, as JSON, as a page, and as events that end at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import redis
from flask.testing import FlaskClient

from common.buyers import Buyer
from common.settings import Settings
from common.shop import Busy, Sale, Shop, Ticket
from common.stages import find
from common.web import create_app
from common.web.context import EXTENSION
from common.web.i18n import messages
from common.web.pages import ANSWERS
from tests.conftest import Fresh, MakeApp
from tests.web.bad_inputs import BAD_TICKETS
from tests.web.conftest import Site
from tests.web.test_bad_inputs import check_refusal

WORDS = messages("en")


class FewTickets:
    """Tickets as a test says they are: what the web layer does with them does not depend on their queue."""

    def __init__(self) -> None:
        self.known: dict[str, Ticket] = {}
        self.away = False

    def get(self, ticket_id: str) -> Ticket | None:
        if self.away:
            raise redis.ConnectionError("away")
        return self.known.get(ticket_id)

    def changes(self, stop: Callable[[], bool]) -> Iterator[str]:
        yield ""


class Counter(Site):
    """A shop whose tickets are made by hand."""

    def __init__(self, settings: Settings, tickets: FewTickets) -> None:
        stage = find("s02")

        def create_shop(*given: object) -> Shop:
            return replace(stage.load().create_shop(*given), tickets=tickets)

        super().__init__(create_app(stage.name, create_shop, settings))
        self.tickets = tickets

    def give(self, buyer: Buyer, sale: Sale, state: str = "queued", **more: str) -> str:
        self.tickets.known["t-1"] = Ticket("t-1", sale.id, buyer.id, state, **more)  # type: ignore[arg-type]
        return "/api/tickets/t-1"


@pytest.fixture(scope="module")
def shop(fresh: Fresh) -> Iterator[Counter]:
    """One for the module: each test gives the ticket it asks for."""
    shop = Counter(fresh("s02"), FewTickets())
    shop.sign_up()
    yield shop
    context = shop.app.extensions[EXTENSION]
    context.backends.pool.close()
    context.backends.cache.close()


def test_a_ticket_says_how_far_it_has_come_and_when_to_look_again(shop: Counter) -> None:
    buyer, sale = shop.buyer(), shop.sale()
    answer = shop.call("GET", shop.give(buyer, sale, "working"), buyer)
    assert (answer.status_code, answer.headers["Retry-After"]) == (200, "1")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json == {
        "id": "t-1", "sale_id": sale.id, "state": "working", "order_id": None, "problem": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("state", "more"), [("ordered", {"order_id": "o-1"}), ("refused", {"problem": "sold_out"})]
)
def test_a_ticket_that_has_ended_says_as_what_and_asks_nobody_back(
    shop: Counter, state: str, more: dict[str, str]
) -> None:
    buyer = shop.buyer()
    answer = shop.call("GET", shop.give(buyer, shop.sale(), state, **more), buyer)
    assert answer.json.items() >= {"state": state, **more}.items()
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize("tail", ["", "/events"])
def test_a_ticket_is_its_buyers_alone(shop: Counter, tail: str) -> None:
    buyer = shop.buyer()
    path = shop.give(buyer, shop.sale()) + tail
    assert shop.call("GET", path, buyer).status_code == 200
    for somebody in (shop.buyer(), shop.admin):
        assert shop.call("GET", path, somebody).json["code"] == "not_found"
    assert shop.call("GET", path).json["code"] == "unauthorized"
    assert shop.call("GET", "/api/tickets/t-2" + tail, buyer).json["code"] == "not_found"


@pytest.mark.parametrize("name", BAD_TICKETS)
def test_a_bad_way_to_ask_is_refused_clearly(shop: Counter, name: str) -> None:
    check_refusal(shop, BAD_TICKETS[name])


@pytest.mark.parametrize("tail", ["", "/events"])
def test_a_redis_that_is_away_is_told_as_such(shop: Counter, tail: str) -> None:
    buyer = shop.buyer()
    path = shop.give(buyer, shop.sale()) + tail
    shop.tickets.away = True
    answer = shop.call("GET", path, buyer)
    shop.tickets.away = False
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "busy", "2")


@pytest.mark.parametrize("tail", ["", "/events"])
def test_a_stage_without_tickets_says_which_has_them(site: Site, tail: str) -> None:
    answer = site.call("GET", f"/api/tickets/t-1{tail}", site.buyer())
    assert (answer.status_code, answer.json["stage"]) == (501, "s06")


# --- events of a web process: what has happened so far, and the end ---------------------------------------


def test_without_the_events_process_the_reader_is_told_the_state_and_when_to_come_back(shop: Counter) -> None:
    buyer = shop.buyer()
    path = shop.give(buyer, shop.sale()) + "/events"
    answer = shop.call("GET", path, buyer)
    assert answer.mimetype == "text/event-stream"
    begin, event = answer.text.removesuffix("\n\n").split("\n\n")
    assert begin == "retry: 1000"
    assert event.startswith('id: 1\ndata: {"id": "t-1"')
    assert shop.call("GET", path, buyer, headers={"Last-Event-ID": "1"}).text == "retry: 1000\n\n"


def test_who_has_seen_the_end_is_not_asked_back(shop: Counter) -> None:
    buyer = shop.buyer()
    path = shop.give(buyer, shop.sale(), "refused", problem="sold_out") + "/events"
    assert "id: 3\n" in shop.call("GET", path, buyer, headers={"Last-Event-ID": "2"}).text
    assert shop.call("GET", path, buyer, headers={"Last-Event-ID": "3"}).status_code == 204


@pytest.mark.parametrize("header", ["", "0", "4", "-1", "１", "1e9", "9" * 400, "x"])
def test_an_id_that_is_none_of_ours_counts_as_none(shop: Counter, header: str) -> None:
    buyer = shop.buyer()
    path = shop.give(buyer, shop.sale()) + "/events"
    assert "id: 1\n" in shop.call("GET", path, buyer, headers={"Last-Event-ID": header}).text


# --- the page ----------------------------------------------------------------------------------------------


def csrf(page: str) -> str:
    return page.partition('name="csrf_token" value="')[2].partition('"')[0]


def signed_in(site: Site) -> FlaskClient:
    """A browser of buyer00001."""
    browser = site.app.test_client()
    form = {"name": "buyer00001", "password": "demo", "csrf_token": csrf(browser.get("/login").text)}
    assert browser.post("/login", data=form).status_code == 303
    return browser


@pytest.fixture(scope="module")
def browser(shop: Counter) -> FlaskClient:
    return signed_in(shop)


FIRST = Buyer(1, "buyer00001", "buyer")


@pytest.mark.parametrize("state", ["queued", "working"])
def test_the_page_of_an_open_ticket_says_so_and_looks_again_by_itself(
    shop: Counter, browser: FlaskClient, state: str
) -> None:
    shop.give(FIRST, shop.sale(), state)
    page = browser.get("/tickets/t-1").text
    assert WORDS[f"ticket.{state}"] in page
    assert '<noscript><meta http-equiv="refresh" content="1"></noscript>' in page
    assert "js/ticket.js" in page


@pytest.mark.parametrize("problem", [kind for kind in ANSWERS if kind != "placed"])
def test_the_page_of_a_refused_ticket_says_why_and_stands_still(
    shop: Counter, browser: FlaskClient, problem: str
) -> None:
    shop.give(FIRST, shop.sale(), "refused", problem=problem)
    page = browser.get("/tickets/t-1").text.partition("<template")[0]
    assert WORDS[f"answer.{problem}.title"] in page
    assert 'http-equiv="refresh"' not in page


def test_the_page_of_an_ordered_ticket_leads_to_the_order(shop: Counter, browser: FlaskClient) -> None:
    shop.give(FIRST, shop.sale(), "ordered", order_id="o-1")
    page = browser.get("/tickets/t-1").text.partition("<template")[0]
    assert WORDS["answer.placed.title"] in page
    assert 'href="/orders"' in page


def test_a_problem_nobody_has_words_for_is_shown_as_unknown(shop: Counter, browser: FlaskClient) -> None:
    shop.give(FIRST, shop.sale(), "refused", problem="eaten by a goat")
    page = browser.get("/tickets/t-1").text.partition("<template")[0]
    assert WORDS["answer.unknown.title"] in page
    assert "goat" not in page


def test_the_page_is_its_buyers_alone(shop: Counter, browser: FlaskClient) -> None:
    shop.give(shop.buyer(), shop.sale())
    assert browser.get("/tickets/t-1").status_code == 404
    assert shop.app.test_client().get("/tickets/t-1").location == "/login?next=/tickets/t-1"


# --- the press ---------------------------------------------------------------------------------------------


def test_who_is_told_to_try_again_is_told_when_and_sends_the_same_press(
    fresh: Fresh, make_app: MakeApp
) -> None:
    def full(*_: object) -> object:
        raise Busy("Too many orders are waiting; nothing was taken", retry_after=3)

    fresh("s02")
    site = Site(make_app("s02", checkout=lambda *_: full))
    site.sign_up()
    browser = signed_in(site)
    path = f"/sales/{site.sale().id}"
    token = csrf(browser.get(path).text)
    answer = browser.post(path, data={"quantity": "1", "key": "my-key", "csrf_token": token})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
    assert WORDS["answer.again"].format(seconds=3) in answer.text
    assert 'name="key" value="my-key"' in answer.text
