"""s04 by itself: a real nginx, real web processes, and what passes between them."""

from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import request
from werkzeug.test import Client

from common import edge
from common.backends import Clock
from common.database import Sql
from common.demo.contest import open_sale
from common.lab import Lab, LabError
from common.running import Running
from common.shop import Attempt, Invalid, Order
from common.stages import find
from common.web.guards import HEADERS, MAX_BODY
from stages.s04_static_edge import foils, shell
from stages.s04_static_edge.origin import behind_edge
from tests.conftest import Fresh, MakeApp
from tests.edge import Answer, Run, ask, other_edge, reads_at_the_app, state_url

FORGED = {
    "X-Forwarded-For": "6.6.6.6",
    "Host": "evil.example",
    "Forwarded": "for=6.6.6.6",
    "X-Real-IP": "6.6.6.6",
}
PRIVATE = ("/api/orders", "/api/session", "/api/admin/sales", "/orders", "/admin", "/login", "/")


@pytest.fixture(scope="module")
def shop(run: Run) -> Running:
    return run("s04")


def bearer(shop: Running, buyer: int) -> dict[str, str]:
    return {"Authorization": f"Bearer {shop.buyer_token(buyer)}"}


def press(shop: Running, state: str, buyer: int, headers: dict[str, str] | None = None) -> Answer:
    headers = {**bearer(shop, buyer), "Content-Type": "application/json", **(headers or {})}
    return ask(f"{state}/orders", "POST", '{"quantity": 1}', headers)


# --- files -------------------------------------------------------------------------------------------------


def assets_of(shop: Running) -> list[str]:
    page = ask(f"{shop.url}/sales/1").body.decode()
    return re.findall(r'"(/assets/[^"]+)"', page)


def test_assets_have_a_hash_in_their_name_and_are_kept_for_ever(shop: Running) -> None:
    names = assets_of(shop)
    assert any(name.endswith("/js/shell.js") for name in names)
    assert any(name.endswith("/shop.css") for name in names)
    for name in names:
        answer = ask(shop.url + name)
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_the_hash_changes_with_any_byte_of_any_asset() -> None:
    assets = {"a.css": b"1", "js/b.js": b"2"}
    assert shell.digest(assets) == shell.digest(dict(assets))
    others = [
        {"a.css": b"1", "js/b.js": b"3"},
        {"a.css": b"1", "js/c.js": b"2"},
        {"a.css": b"12", "js/b.js": b""},
    ]
    assert len({shell.digest(each) for each in [assets, *others]}) == 4


@pytest.mark.parametrize("accepts", ["gzip", "br, gzip;q=0.5", "GZIP"])
def test_bodies_lie_there_compressed(shop: Running, accepts: str) -> None:
    for path in ["/sales/1", *assets_of(shop)]:
        plain = ask(shop.url + path)
        small = ask(shop.url + path, headers={"Accept-Encoding": accepts})
        assert (plain.headers["Content-Encoding"], small.headers["Content-Encoding"]) == (None, "gzip")
        assert gzip.decompress(small.body) == plain.body
        assert small.headers["Content-Type"] == plain.headers["Content-Type"]
        assert "Accept-Encoding" in small.headers["Vary"]
        assert "Accept-Encoding" in plain.headers["Vary"]
        assert small.headers["ETag"] != plain.headers["ETag"]


@pytest.mark.parametrize("accepts", ["", "br", "gzip;q=0", "gzip; q=0.0, br"])
def test_who_does_not_take_gzip_gets_none(shop: Running, accepts: str) -> None:
    assert (
        ask(f"{shop.url}/sales/1", headers={"Accept-Encoding": accepts}).headers["Content-Encoding"] is None
    )


def test_the_shell_is_short_lived_and_asked_for_again_it_is_a_304(shop: Running) -> None:
    first = ask(f"{shop.url}/sales/1")
    assert first.headers["Cache-Control"] == "max-age=10"
    again = ask(f"{shop.url}/sales/1", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


def test_the_shell_is_the_same_for_every_sale_and_every_visitor(shop: Running) -> None:
    page = ask(f"{shop.url}/sales/1").body
    assert page == ask(f"{shop.url}/sales/999999", headers=bearer(shop, 1)).body
    assert ask(f"{shop.url}/sales/999999").headers["Set-Cookie"] is None


@pytest.mark.parametrize(
    ("cookie", "accepts", "lang"),
    [
        ("", "", "en"),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("", "en-GB,zh;q=0.5", "en"),
        ("", "de, zh-TW", "zh-CN"),
        ("", "de", "en"),
        ("language=zh", "en", "zh-CN"),
        ("language=en", "zh", "en"),
        ("language=../../etc/passwd", "", "en"),
    ],
)
def test_the_shell_speaks_the_visitors_language(shop: Running, cookie: str, accepts: str, lang: str) -> None:
    headers = {"Cookie": cookie, "Accept-Language": accepts}
    assert f'<html lang="{lang}"' in ask(f"{shop.url}/sales/1", headers=headers).body.decode()


def test_files_come_with_the_headers_that_protect_the_browser(shop: Running) -> None:
    for path in ["/sales/1", "/static/shop.css", "/api/session", *assets_of(shop)]:
        headers = ask(shop.url + path).headers
        for name, value in HEADERS.items():
            assert headers.get_all(name) == [value], f"{name} of {path}"


@pytest.mark.parametrize(
    "path", ["/assets/../nginx.conf", "/static/..%2f..%2fnginx.conf", "/assets/", "/shell/sale.en.html"]
)
def test_nothing_else_lies_in_the_open(shop: Running, path: str) -> None:
    assert ask(shop.url + path).status in {400, 403, 404}


# --- the state of a sale -----------------------------------------------------------------------------------


def test_ten_thousand_reads_reach_the_app_at_most_twice_a_second(shop: Running) -> None:
    state = state_url(shop)
    before, began = reads_at_the_app(shop), time.monotonic()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: ask(state).status, range(10_000)))
    seconds = time.monotonic() - began
    reached = reads_at_the_app(shop) - before
    assert answers == [200] * 10_000
    assert 1 <= reached <= 2 * seconds + 2, f"{reached} in {seconds:.1f} s"
    print(f"{reached} of 10,000 reads reached the app in {seconds:.1f} s")


READERS = 80


def half_second() -> int:
    """As edge.conf counts them."""
    return time.time_ns() // 500_000_000


def ask_a_stopped_app(shop: Running, state: str, enough: Callable[[list[Future[int]]], bool]) -> int:
    """How many reads reach the app if `READERS` ask at once while it stands still, until `enough`."""
    assert ask(state).status == 200  # there is a last known answer
    before = reads_at_the_app(shop)
    shop.web.pause()
    this = half_second()
    while half_second() == this:
        time.sleep(0.001)  # until the copy has run out
    with ThreadPoolExecutor(READERS) as threads:
        asked = [threads.submit(lambda: ask(state).status) for _ in range(READERS)]
        give_up = time.monotonic() + 10
        while not enough(asked) and time.monotonic() < give_up:
            time.sleep(0.01)
        met = enough(asked)
        shop.web.resume()
        assert {each.result() for each in asked} == {200}
    assert met
    return reads_at_the_app(shop) - before


def test_of_all_who_find_no_copy_one_asks_the_app_and_the_others_do_not_wait_for_it(shop: Running) -> None:
    """All but one are answered while the app stands still."""
    reached = ask_a_stopped_app(
        shop, state_url(shop), lambda asked: sum(e.done() for e in asked) >= READERS - 1
    )
    assert 1 <= reached <= 2, f"{reached} of {READERS}"


def test_the_foil_that_asks_all_at_once_wakes_the_app_for_each(lab: Lab, shop: Running) -> None:
    """The kernel says how many connections lie before the app's socket."""

    def connections() -> int:
        return Path("/proc/net/unix").read_text().count(str(shop.address))

    state = state_url(shop, url=other_edge(lab, shop, foils.asks_all_at_once))
    idle = connections()
    reached = ask_a_stopped_app(shop, state, lambda _: connections() >= idle + 10)
    assert reached >= 10, f"{reached} of {READERS}"


def test_a_second_address_for_the_same_sale_is_no_second_copy(shop: Running) -> None:
    state = state_url(shop)
    before, began = reads_at_the_app(shop), time.monotonic()
    for number in range(200):
        assert ask(f"{state}?now={number}", headers=bearer(shop, number % 3 + 1)).status == 200
    assert reads_at_the_app(shop) - before <= 2 * (time.monotonic() - began) + 2


def test_the_state_has_an_etag_and_asked_for_again_it_is_a_304(shop: Running) -> None:
    state = state_url(shop)
    first = ask(state)
    assert first.headers["Cache-Control"] == "no-cache"
    again = ask(state, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    assert int(again.headers["Seckill-Time"]) >= int(first.headers["Seckill-Time"])
    press(shop, state, 1)
    give_up = time.monotonic() + 5
    while (new := ask(state, headers={"If-None-Match": first.headers["ETag"]})).status == 304:
        assert time.monotonic() < give_up
    assert json.loads(new.body)["left"] == 9


def test_the_time_is_now_also_on_an_old_copy(shop: Running) -> None:
    """Between two answers of the same copy the time goes on; and there is one time, not the app's as well."""
    state = state_url(shop)
    seen = 0
    give_up = time.monotonic() + 10
    while seen < 5:
        assert time.monotonic() < give_up
        begin = time.time_ns() // 1_000_000
        answer = ask(state)
        end = time.time_ns() // 1_000_000
        (stamp,) = answer.headers.get_all("Seckill-Time") or []
        assert begin - 2 <= int(stamp) <= end + 2, "nginx looks at its clock once in a turn of its loop"
        seen += answer.headers["Seckill-Edge"] == "HIT"


def test_the_last_known_answer_outlives_the_app_and_nobody_waits_for_it(run: Run) -> None:
    shop = run("s04")
    state = state_url(shop)
    known = ask(state)
    assert known.headers["Seckill-App"] == "up"
    shop.web.kill()
    give_up = time.monotonic() + 5
    while (old := ask(state)).headers["Seckill-App"] != "down":
        assert time.monotonic() < give_up
    assert (old.status, old.body) == (200, known.body)
    never_seen = ask(f"{shop.url}/api/sales/4")
    assert (never_seen.status, never_seen.headers["Retry-After"]) == (503, "2")
    assert json.loads(never_seen.body)["code"] == "busy"
    pressed = json.loads(press(shop, state, 1).body)
    assert (pressed["code"], "taken" in pressed) == ("busy", False), "the edge does not know"
    person = ask(f"{shop.url}/orders", headers={"Accept-Language": "zh"})
    assert person.status == 503
    assert "暂停购买" in person.body.decode()
    shop.web.start()
    while ask(state).headers["Seckill-App"] != "up":
        assert time.monotonic() < give_up + 30
    assert press(shop, state, 1).status == 201


# --- what is one buyer's own -------------------------------------------------------------------------------


def test_what_is_one_buyers_own_is_kept_by_nobody(shop: Running) -> None:
    state = state_url(shop)
    placed = json.loads(press(shop, state, 1).body)["id"]
    for path in PRIVATE:
        answer = ask(shop.url + path, headers=bearer(shop, 1))
        assert answer.headers["Cache-Control"] == "no-store", path
        assert answer.headers["Seckill-Edge"] is None, path
    assert orders(shop.url, shop, 1)[0] == placed
    assert placed not in orders(shop.url, shop, 2)
    assert ask(f"{shop.url}/api/orders/{placed}", headers=bearer(shop, 2)).status == 404


def orders(url: str, shop: Running, buyer: int) -> list[str]:
    return [
        order["id"]
        for order in json.loads(ask(f"{url}/api/orders", headers=bearer(shop, buyer)).body)["orders"]
    ]


def test_the_foil_that_keeps_everything_shows_one_buyers_orders_to_another(lab: Lab, shop: Running) -> None:
    leaky = other_edge(lab, shop, foils.keeps_everything)
    placed = json.loads(press(shop, state_url(shop), 1).body)["id"]
    give_up = time.monotonic() + 10
    while placed not in orders(leaky, shop, 1) or placed not in orders(leaky, shop, 2):
        assert time.monotonic() < give_up, "it does not leak"


def test_a_press_is_never_kept_and_never_sent_twice(shop: Running) -> None:
    state = state_url(shop, units=2)
    answers = [press(shop, state, buyer) for buyer in (1, 2, 3)]
    assert [answer.status for answer in answers] == [201, 201, 409]
    with shop.database() as db:
        sale = int(state.rpartition("/")[2])
        assert len(db.all("SELECT id FROM orders WHERE sale_id = %s", sale)) == 2


@pytest.mark.parametrize("size", [MAX_BODY + 1, 2_000_000])
@pytest.mark.parametrize("path", ["/api/sales/1/orders", "/api/session"])
def test_a_body_that_is_too_large_is_a_problem_document(shop: Running, path: str, size: int) -> None:
    headers = {**bearer(shop, 1), "Content-Type": "application/json"}
    answer = ask(shop.url + path, "POST", "x" * size, headers)
    assert (answer.status, answer.headers["Content-Type"]) == (413, "application/problem+json")
    problem = json.loads(answer.body)
    assert (problem["type"], problem["code"], problem["status"]) == ("/problems/too_large", "too_large", 413)
    assert answer.headers["Cache-Control"] == "no-store"
    for name, value in HEADERS.items():
        assert answer.headers.get_all(name) == [value]


def test_a_body_that_is_just_small_enough_reaches_the_app(shop: Running) -> None:
    headers = {**bearer(shop, 1), "Content-Type": "application/json"}
    body = '{"quantity": 1' + " " * (MAX_BODY - len('{"quantity": 1}')) + "}"
    assert len(body) == MAX_BODY
    assert ask(f"{state_url(shop)}/orders", "POST", body, headers).status == 201


def test_only_who_carries_nothing_is_a_stranger(shop: Running) -> None:
    nobody = {"buyer": None, "csrf_token": None}
    assert json.loads(ask(f"{shop.url}/api/session").body) == nobody
    assert json.loads(ask(f"{shop.url}/api/session", headers=bearer(shop, 2)).body)["buyer"]["id"] == 2
    assert ask(f"{shop.url}/api/session", headers={"Authorization": "Bearer nonsense"}).status == 401
    credentials = json.dumps({"name": "buyer00001", "password": "demo"})
    signed_in = ask(f"{shop.url}/api/session", "POST", credentials, {"Content-Type": "application/json"})
    assert json.loads(signed_in.body)["buyer"]["id"] == 1


# --- who is believed ---------------------------------------------------------------------------------------


class TellsWhoAsks:
    """A checkout that refuses everybody, and says whom it takes them for."""

    def __init__(self, sql: Sql, clock: Clock) -> None:
        pass

    def __call__(self, attempt: Attempt) -> Order:
        raise Invalid("quantity", f"client={attempt.client} host={request.host}")


@pytest.fixture(scope="module")
def curious(run: Run) -> Running:
    return run("s04", plugs_wanted=[f"checkout={__name__}:{TellsWhoAsks.__name__}"])


def taken_for(shop: Running, url: str, headers: dict[str, str]) -> str:
    state = f"{url}/api/sales/1"
    return str(json.loads(press(shop, state, 1, headers).body)["errors"][0]["message"])


def test_a_forged_address_and_host_have_no_effect(curious: Running) -> None:
    honest = taken_for(curious, curious.url, {})
    assert honest == f"client=127.0.0.1 host={curious.url.removeprefix('http://')}"
    assert taken_for(curious, curious.url, FORGED) == honest


def test_the_foil_that_believes_the_visitor_is_fooled(lab: Lab, curious: Running) -> None:
    fooled = taken_for(curious, other_edge(lab, curious, foils.believes_the_visitor), FORGED)
    assert fooled == "client=6.6.6.6 host=evil.example"


def test_without_the_socket_nobody_is_believed(make_app: MakeApp, fresh: Fresh) -> None:
    """`flask run` listens on a port that anybody on the machine can reach: there the header is a claim."""
    fresh("s04")
    seen: list[str | None] = []
    app = behind_edge(make_app("s04"))
    app.add_url_rule("/who", view_func=lambda: str(seen.append(request.remote_addr)))
    client = Client(app)
    for peer in ("127.0.0.1", ""):
        client.get("/who", headers={"X-Forwarded-For": "6.6.6.6"}, environ_overrides={"REMOTE_ADDR": peer})
    assert seen == ["127.0.0.1", "6.6.6.6"]


def test_only_the_owner_of_the_run_may_reach_the_socket(shop: Running) -> None:
    assert isinstance(shop.address, Path)
    assert shop.address.stat().st_mode & 0o077 == 0


# --- the edge as a program ---------------------------------------------------------------------------------


def test_the_edge_comes_back_after_a_kill(run: Run) -> None:
    shop = run("s04")
    assert shop.edge
    shop.edge.kill()
    with pytest.raises(OSError):
        ask(f"{shop.url}/sales/1")
    shop.edge.start()
    assert ask(f"{shop.url}/sales/1").status == 200


def test_an_edge_whose_pages_are_not_built_in_time_does_not_start(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "BUILT_WITHIN", 0)
    with pytest.raises(LabError, match="cannot build its static pages"):
        edge.build_static(lab, find("s04"), tmp_path / "static")


def test_every_foil_changes_the_configuration() -> None:
    conf = edge.edge_conf(find("s04")).read_text("utf-8")
    for foil in (
        foils.keeps_everything,
        foils.asks_all_at_once,
        foils.refreshes_in_the_background,
        foils.believes_the_visitor,
    ):
        assert foil(conf) != conf
    with pytest.raises(ValueError, match="has no"):
        foils.swap(conf, "no such directive;", "")


def test_buying_without_javascript_goes_to_the_app(shop: Running) -> None:
    sale = open_sale(shop, units=3)
    page = ask(f"{shop.url}/sales/{sale}").body.decode()
    assert '<noscript><meta http-equiv="refresh" content="0; url=?plain=1"></noscript>' in page
    plain = ask(f"{shop.url}/sales/{sale}?plain=1").body.decode()
    assert "The kettle everybody wants" in plain
    stranger = ask(
        f"{shop.url}/sales/{sale}",
        "POST",
        "quantity=1",
        {"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert (stranger.status, stranger.headers["Location"]) == (303, f"/login?next=/sales/{sale}")
