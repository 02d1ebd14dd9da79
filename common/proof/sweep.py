"""What a crash leaves behind: one purchase killed after each of its steps, and the buyer who comes again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

from common import schema
from common.backends import Backends
from common.backoffice import BackOffice
from common.proof import crash, jobs, usual
from common.proof.facts import Facts, load, read_counter, read_tickets
from common.proof.oracle import judge
from common.proof.steps import Watcher
from common.settings import Settings
from common.shop import Attempt, LimitReached, Refused, Sale, Shop, SoldOut

BUYER = 1

CreateShop = Callable[[Backends], Shop]


@dataclass(frozen=True)
class BuyOnce:
    """One purchase, its round trips watched. Goes into a process of its own."""

    create_shop: CreateShop
    code: str
    settings: Settings
    attempt: Attempt

    def __call__(self, watcher: Watcher) -> object:
        return self.create_shop(Backends.connect(self.code, self.settings).observe(watcher)).buy(self.attempt)


@dataclass(frozen=True)
class Point:
    """One crash. `step` and `statement` are the last that was answered; `ordered`: there was an order then.

    `leaked` is what is wrong then, with every worker alive; empty when nothing is. Then the same buyer
    pressed once more, was `told` that, `owned` so many units, and `again` is what is wrong now.
    """

    step: int
    statement: str
    ordered: bool
    leaked: str
    told: str
    owned: int
    again: str


class Sweep:
    """A stage whose purchases are killed, one at a sale of its own for each of its round trips.

    Where there is a queue, a worker works it off after each crash: the stage may mend itself first.
    Guarantees that every step is a crash of its own, or raises `SweepError`.
    """

    def __init__(self, code: str, create_shop: CreateShop, settings: Settings) -> None:
        schema.prepare(settings.mysql_url, code)
        self._code, self._create_shop, self._settings = code, create_shop, settings
        self._backends = Backends.connect(code, settings)
        self._shop = create_shop(self._backends)
        self._office = BackOffice(self._backends.sql, self._shop.listeners)

    def close(self) -> None:
        self._backends.pool.close()
        self._backends.stock.connection_pool.disconnect()

    def points(self) -> Iterator[Point]:
        """A crash after the first step, after the second, … after the last."""
        for step in range(1, crash.count_steps(self._purchase(self._new_sale())) + 1):
            yield self._crash_after(step)

    def _crash_after(self, step: int) -> Point:
        sale = self._new_sale()
        dead = crash.die_after(step, self._purchase(sale))
        with self._backends.sql() as db:
            crash.wait_until_gone(db, dead.sessions)
        jobs.work_off(self._shop, self._backends, sale.id)
        ordered, leaked = bool(self._facts(sale).orders), self._broken(sale)
        told = self._press_again(sale)
        owned = self._facts(sale).bought[BUYER]
        again = [self._broken(sale)] + [f"the buyer owns {owned} and is told {told}"] * (owned != 1)
        return Point(step, dead.steps[-1], ordered, leaked, told, owned, "; ".join(filter(None, again)))

    def _press_again(self, sale: Sale) -> str:
        """What the same buyer is told who presses once more, with a key of its own."""
        try:
            outcome = self._shop.buy(self._attempt(sale))
        except (SoldOut, LimitReached) as refused:
            return refused.type
        jobs.work_off(self._shop, self._backends, sale.id)
        end = jobs.end_of(outcome, self._shop, self._backends)
        return end.type if isinstance(end, Refused) else "an order"

    def _purchase(self, sale: Sale) -> BuyOnce:
        return BuyOnce(self._create_shop, self._code, self._settings, self._attempt(sale))

    def _attempt(self, sale: Sale) -> Attempt:
        return usual.attempt(sale.id, BUYER, self._backends.clock())

    def _new_sale(self) -> Sale:
        return usual.sale(self._office, self._backends.clock(), units=1)

    def _facts(self, sale: Sale) -> Facts:
        counter = read_counter(self._backends.stock, self._code, sale.id)
        tickets = read_tickets(self._backends.stock, self._code, sale.id)
        with self._backends.sql() as db:
            return load(db, counter, sale.id, [], at_rest=True, earlier=[sale], tickets=tickets)

    def _broken(self, sale: Sale) -> str:
        """What the oracle finds broken, or nothing."""
        verdicts = judge(self._facts(sale))
        return "; ".join(f"{each.name}: {each.sentence}" for each in verdicts if each.state == "broken")


def sweep(code: str, create_shop: CreateShop, settings: Settings) -> list[Point]:
    """Every point of one sweep."""
    with closing(Sweep(code, create_shop, settings)) as crashes:
        return list(crashes.points())
