"""For your own use: `./seckill test mine/hw06`. The grader has its own tests, with kills and schedules."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from common import schema
from common.backends import Backends
from common.ids import new_id
from common.lab import Lab
from common.settings import Settings
from homework.hw06_gift.partner import TABLE, Loss, Partner

sys.path.insert(0, str(Path(__file__).parent.parent))

START = datetime.now(UTC)


class World:
    """Your job, a database and the service."""

    def __init__(self, b: Backends, partner: Partner) -> None:
        self.b, self.partner = b, partner
        self.now = START

    def run(self, order_id: str) -> None:
        from gift import GiveGift

        from homework.hw06_gift.harness import Client

        try:
            GiveGift(self.b.sql, Client(str(self.partner.path)), lambda: self.now).run({"order": order_id})
        except NotImplementedError:
            pytest.skip("not written yet")

    def row(self, order_id: str) -> tuple[str, str | None]:
        with self.b.sql() as db:
            row = db.one("SELECT state, number FROM gifts WHERE order_id = %s", order_id)
        return (row["state"], row["number"]) if row else ("none", None)

    def run_without_answer(self, order_id: str) -> None:
        from gift import NoAnswer

        with pytest.raises(NoAnswer):
            self.run(order_id)


@pytest.fixture(scope="module")
def b() -> Iterator[Backends]:
    """A database of your own, on a real server."""
    with Lab() as lab:
        settings = Settings(mysql_url=lab.mysql.url, redis_url=lab.redis.url)
        schema.prepare(settings.mysql_url, "s06")
        backends = Backends.connect("s06", settings)
        with backends.sql() as db:
            db.run(TABLE)
        yield backends
        backends.pool.close()


@pytest.fixture
def world(b: Backends, tmp_path: Path) -> Iterator[World]:
    with Partner(tmp_path / "s") as partner:
        yield World(b, partner)


def test_an_order_gets_its_gift(world: World) -> None:
    order = new_id()
    world.run(order)
    world.run(order)
    assert world.partner.given(order) == ["G1"]
    assert world.row(order) == ("given", "G1")


def test_no_gift_is_left(world: World) -> None:
    world.partner.left, order = 0, new_id()
    world.run(order)
    assert world.row(order) == ("refused", None)


@pytest.mark.parametrize("lost", ["reply", "request"])
def test_after_a_loss_the_job_runs_again(world: World, lost: Loss) -> None:
    order = new_id()
    world.partner.lose = lost
    world.run_without_answer(order)
    world.run(order)
    assert world.partner.given(order) == ["G1"]
    assert world.row(order) == ("given", "G1")


def test_after_a_day_nobody_knows(world: World) -> None:
    order = new_id()
    world.partner.lose = "reply"
    world.run_without_answer(order)
    world.partner.forget()
    world.now += timedelta(hours=25)
    world.run(order)
    assert world.partner.given(order) == ["G1"]
    assert world.row(order) == ("unclear", None)
