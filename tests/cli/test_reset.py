"""`./seckill reset` empties one stage and no other, while it runs, and the shop sells again."""

from __future__ import annotations

import io
import json

import pytest

from common.cli import main
from common.demo.contest import open_sale
from common.lab import Lab
from common.running import Running
from tests import streams
from tests.cli.conftest import wait_until
from tests.edge import Run, ask

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def here(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other test processes have shops of their own."""
    monkeypatch.setenv("MYSQL_URL", lab.mysql.url)
    monkeypatch.setenv("REDIS_URL", lab.redis.url)


def count(shop: Running, table: str) -> int:
    with shop.database() as db:
        return int((db.one(f"SELECT COUNT(*) AS n FROM {table}") or {})["n"])


def test_a_running_stage_is_emptied_and_sells_again(run: Run, capsys: Capture) -> None:
    shop, other = run("s06"), run("s02")
    old_sale = open_sale(shop, units=3)
    with streams.nobody_works(shop):
        taken = streams.ticket_for(shop, old_sale, buyer=1)  # by the worker, which stands still with it
        waiting = streams.ticket_for(shop, old_sale, buyer=2)
        with shop.redis() as redis:
            assert redis.llen("rq:queue:s06:orders") == 1, "power check: a job waits"
            redis.set("s06:session:somebody", "signed in")
        streams.press(other, open_sale(other, units=3), buyer=1)
        elsewhere = count(other, "orders")
        assert elsewhere and count(shop, "sales")
        assert main(["reset", "s06", "--buyers", "5"]) == 0
        with shop.redis() as redis:
            assert redis.llen("rq:queue:s06:orders") == 0
            assert not list(redis.scan_iter("s06:*ticket*"))
            assert redis.get("s06:session:somebody") == b"signed in"
    assert f"s06_queue at {shop.url}: " in capsys.readouterr().out
    for ticket, buyer in ((taken, 1), (waiting, 2)):
        assert ask(ticket, headers=streams.bearer(shop, buyer)).status == 404
    assert count(shop, "orders") == count(shop, "decisions") == 0
    assert count(other, "orders") == elsewhere, "another stage is none of its business"

    def sales() -> list[int]:
        return [sale["id"] for sale in json.loads(ask(f"{shop.url}/api/sales").body)["sales"]]

    wait_until(
        lambda: min(sales()) > old_sale, lambda: "the new catalogue does not come"
    )  # caches hold the old
    ticket = streams.ticket_for(shop, open_sale(shop, units=1), buyer=1)

    def state() -> str:
        return str(json.loads(ask(ticket, headers=streams.bearer(shop, 1)).body)["state"])

    wait_until(lambda: state() == "ordered", state)


def test_servers_of_others_are_asked_about_first(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("REDIS_URL", f"{lab.redis.url}?db=0")  # the same server, but no shop that we know of
    monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody is there to answer
    assert main(["reset", "s01"]) == 130
    assert "Empty s01_naive at MYSQL_URL and REDIS_URL?" in capsys.readouterr().out


def test_a_server_that_does_not_answer_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("MYSQL_URL", "mysql://root@127.0.0.1:1/")
    assert main(["reset", "s01", "--yes"]) == 2
    assert "The servers of s01_naive do not answer" in capsys.readouterr().err
