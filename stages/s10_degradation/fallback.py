"""Fallback data: the last known answer, marked as such, is better than none; if it is for looking only."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime
from threading import Lock
from typing import Any, NamedTuple, TypeVar

from pymysql import MySQLError
from redis import RedisError

from common.backends import Clock
from common.shop import Busy, Catalog, LastKnownSale, Sale
from stages.s09_permits.accounts import Accounts
from stages.s09_permits.keeper import Keeper
from stages.s09_permits.watch import Watch
from stages.s10_degradation.breaker import Breaker
from stages.s10_degradation.budget import TimeBudget

AWAY = (MySQLError, RedisError, Busy)
SIZE = 1000  # answers that are remembered

T = TypeVar("T")


class Known(NamedTuple):
    answer: Any
    at: datetime


class LastKnownCatalog:
    """A `Catalog` that says what it said last when `catalog` cannot say anything in time.

    Guarantees that each such sale is a `LastKnownSale`, and that nobody waits for a catalog that has not
    answered of late: one reader in a while tries it. Does not know what it was never asked; that raises, as
    before. Price, window and stock may be old: for pages, and to turn visitors away at the door, not to sell
    by. (The units and the window are Redis's, the price of an order is the database's.)
    """

    def __init__(self, catalog: Catalog, clock: Clock, budget: TimeBudget, breaker: Breaker) -> None:
        self._catalog = catalog
        self._clock = clock
        self._budget = budget
        self._breaker = breaker
        self._known: OrderedDict[Hashable, Known] = OrderedDict()
        self._lock = Lock()

    def get(self, sale_id: int) -> Sale | None:
        sale, at = self._ask(sale_id, lambda: self._catalog.get(sale_id), self._listed(sale_id))
        return marked(sale, at) if sale else None

    def list(self) -> list[Sale]:
        sales, at = self._ask("list", self._catalog.list)
        return [marked(sale, at) for sale in sales]

    def _listed(self, sale_id: int) -> Known | None:
        """The sale as it was in the list."""
        sales, at = self._known.get("list", ((), None))
        return next((Known(sale, at) for sale in sales if at and sale.id == sale_id), None)

    def _ask(
        self, name: Hashable, read: Callable[[], T], known: Known | None = None
    ) -> tuple[T, datetime | None]:
        """The answer, and when it was given if it is not of now."""
        known = self._known.get(name, known)
        if known and not self._breaker.lets_through():
            return known
        try:
            with self._budget.request():
                answer = read()
        except AWAY:
            self._breaker.failed()
            if known is None:
                raise
            return known
        self._breaker.worked()
        self._remember(name, Known(answer, self._clock()))
        return answer, None

    def _remember(self, name: Hashable, known: Known) -> None:
        with self._lock:
            self._known[name] = known
            self._known.move_to_end(name)
            if len(self._known) > SIZE:
                self._known.popitem(last=False)  # the one that was asked for longest ago


def marked(sale: Sale, at: datetime | None) -> Sale:
    return LastKnownSale(**vars(sale), known_at=at) if at else sale


class LenientWatch(Watch):
    """s09's watch, which can do without the age of an account. Whose age cannot be asked is taken for new:
    that costs them more work at the door, and not the sale."""

    def __init__(self, keeper: Keeper, accounts: Accounts) -> None:
        super().__init__(keeper, LenientAccounts(accounts))


class LenientAccounts(Accounts):
    """Answers None, as for an account that does not exist, while MariaDB does not answer."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def born(self, buyer_id: int) -> datetime | None:
        try:
            return self._accounts.born(buyer_id)
        except (MySQLError, Busy):
            return None
