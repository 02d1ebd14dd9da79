"""A stage on real servers as one process sees it, with a fresh sale whenever one is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from common import schema
from common.backends import Backends
from common.backoffice import BackOffice
from common.database import Row
from common.proof import jobs, usual
from common.proof.explorer import Explorer
from common.proof.facts import Facts, load, read_counter, read_tickets
from common.proof.oracle import judge
from common.proof.steps import Watcher
from common.settings import Settings
from common.shop import Attempt, Order, Outcome, Refused, Sale, Shop, Ticket
from common.stages import find


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class World:
    """One stage as one process sees it. Sales are made fresh; nothing is deleted; presses are not limited,
    and a door lets everybody in."""

    def __init__(
        self,
        code: str,
        settings: Settings,
        clock: Callable[[], datetime],
        *,
        create_shop: Callable[..., Shop] | None = None,
        watcher: Watcher | None = None,
        **plugs: Any,
    ) -> None:
        self.stage = find(code)
        schema.prepare(settings.mysql_url, code)
        self.backends = Backends.connect(code, settings, clock, watcher)
        self.create_shop = partial(create_shop or self.stage.load().create_shop, **plugs)
        self.shop: Shop = usual.trusting(usual.uncounted(self.create_shop(self.backends)))
        self.clock = clock

    @property
    def office(self) -> BackOffice:
        return BackOffice(self.backends.sql, self.shop.listeners)

    def new_sale(self, units: int, limit: int = 1, *, publish: bool = True, **fields: Any) -> Sale:
        return usual.sale(self.office, self.clock(), units, limit, publish=publish, **fields)

    def attempt(self, sale: Sale, buyer: int, quantity: int = 1) -> Attempt:
        """One press, with the permit that it needs. Raises what is said at the door, where there is one."""
        return usual.let_in(self.shop, usual.attempt(sale.id, buyer, self.clock(), quantity))

    def buy(self, sale: Sale, buyer: int, quantity: int = 1) -> Outcome:
        return self.press(self.attempt(sale, buyer, quantity))

    def press(self, attempt: Attempt) -> Outcome:
        """The attempt, and its ticket, if it gets one, followed to the end: every job is worked off here."""
        return self.end_of(self.shop.buy(usual.let_in(self.shop, attempt)))

    def end_of(self, outcome: Outcome) -> Outcome:
        """What became of it once every job is worked off. Raises what a ticket was refused for."""
        if not isinstance(outcome, Ticket):
            return outcome
        jobs.work_off(self.shop, self.backends, outcome.sale_id)
        end = jobs.end_of(outcome, self.shop, self.backends)
        if isinstance(end, Refused):
            raise end
        assert isinstance(end, Order | Ticket)
        return end

    def row(self, sale: Sale) -> Row:
        with self.backends.sql() as db:
            return db.one("SELECT * FROM sales WHERE id = %s", sale.id) or {}

    def orders(self, sale: Sale) -> list[Row]:
        with self.backends.sql() as db:
            return db.all("SELECT * FROM orders WHERE sale_id = %s ORDER BY id", sale.id)

    def bought(self, sale: Sale, buyer: int) -> int:
        with self.backends.sql() as db:
            row = db.one("SELECT bought FROM purchases WHERE sale_id = %s AND buyer_id = %s", sale.id, buyer)
        return int(row["bought"]) if row else 0

    def facts(self, sale: Sale) -> Facts:
        """What the oracle judges by, without a history. `sale` is how it began."""
        with self.backends.sql() as db:
            counter = read_counter(self.backends.stock, self.stage.code, sale.id)
            tickets = read_tickets(self.backends.stock, self.stage.code, sale.id)
            return load(db, counter, sale.id, [], at_rest=True, earlier=[sale], tickets=tickets)

    def broken(self, sale: Sale) -> str:
        """What the oracle finds broken, or nothing."""
        verdicts = judge(self.facts(sale))
        return "; ".join(f"{each.name}: {each.sentence}" for each in verdicts if each.state == "broken")

    def close(self) -> None:
        self.backends.pool.close()
        self.backends.stock.connection_pool.disconnect()


class Selects:
    """How many SELECT statements the server has answered, told by the server."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._before = self._now()

    def _now(self) -> int:
        with self._world.backends.sql() as db:
            row = db.one("SHOW GLOBAL STATUS LIKE 'Com_select'") or {}
        return int(row["Value"])

    def since(self) -> int:
        return self._now() - self._before


class Statements(Selects):
    """How many statements of any kind the server has answered, told by the server (its own question not)."""

    def _now(self) -> int:
        with self._world.backends.sql() as db:
            row = db.one("SHOW GLOBAL STATUS LIKE 'Questions'") or {}
        return int(row["Value"])

    def since(self) -> int:
        return super().since() - 1


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def world(settings: Settings, clock: HandClock) -> Iterator[Callable[..., World]]:
    """`world("s02", checkout=…)`: another process of that stage, each time it is called."""
    opened: list[World] = []

    def make(code: str, *, kind: type[World] = World, **options: Any) -> World:
        opened.append(kind(code, settings, options.pop("clock", clock), **options))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def explorer(settings: Settings) -> Iterator[Callable[..., Explorer]]:
    """`explorer("s02", checkout=…)`: an explorer of that stage, closed at the end."""
    with ExitStack() as opened:

        def make(code: str, **plugs: Any) -> Explorer:
            create_shop = partial(find(code).load().create_shop, **plugs)
            return opened.enter_context(Explorer(code, create_shop, settings))

        yield make
