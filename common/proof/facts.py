"""Facts: all that the oracle judges by, read from MariaDB and Redis with SQL and commands of its own."""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from redis import Redis, RedisError

from common.backends import Keys
from common.catalog import find_sale
from common.database import Db
from common.orders import order_of
from common.proof.history import Told
from common.shop import Order, Sale, Ticket

ENDED = {"cancelled", "expired"}  # the units of such an order are nobody's; those of any other are sold


@dataclass(frozen=True)
class Counter:
    """The number that sells, where it is not the sale's row: what Redis says is left, and who owns how much.

    `left` is None when nobody could be asked.
    """

    left: int | None
    bought: Mapping[int, int]


@dataclass(frozen=True)
class Facts:
    """All that the oracle knows of one sale: its row, its orders, and what each buyer was told.

    `counter` is None where the row itself sells. `earlier` is the sale as it was seen before, the oldest
    first: the database keeps no history of what the back office did, only the number of the version.
    `tickets` is empty where there are none; for each there is what it was seen to be, in order: at least what
    it is now.

    `at_rest` says that nothing is under way any more. While an attempt may still be running, nothing can be
    called kept, and units on their way look like lost ones.
    """

    sale: Sale
    orders: Sequence[Order]
    history: Sequence[Told]
    at_rest: bool = True
    counter: Counter | None = None
    earlier: Sequence[Sale] = ()
    tickets: Mapping[str, Sequence[Ticket]] = field(default_factory=dict)

    @property
    def versions(self) -> list[Sale]:
        """The sale each time that somebody looked, as it is now last."""
        return [*self.earlier, self.sale]

    @property
    def unseen(self) -> int:
        """How many versions nobody looked at, from the earliest look on (or from the first version on)."""
        first = self.earlier[0].version if self.earlier else 1
        return len({*range(first, self.sale.version + 1)} - {each.version for each in self.versions})

    @property
    def restocked(self) -> int:
        """Units put on sale since the look that knew of the fewest."""
        return self.sale.initial - min(each.initial for each in self.versions)

    @property
    def limit(self) -> int:
        """The highest that the buyers were ever allowed."""
        return max(each.buyer_limit for each in self.versions)

    @cached_property
    def sold(self) -> int:
        """Units in live orders."""
        return sum(self.bought.values())

    @cached_property
    def bought(self) -> collections.Counter[int]:
        """Units in live orders, by buyer."""
        units: collections.Counter[int] = collections.Counter()
        for order in self.orders:
            units[order.buyer_id] += 0 if order.status in ENDED else order.quantity
        return units

    @property
    def oversold(self) -> int:
        return max(0, self.sold - self.sale.initial)

    @cached_property
    def over_limit(self) -> dict[int, int]:
        """Units by buyer, of those who own more than the limit; the worst first."""
        return {buyer: n for buyer, n in self.bought.most_common() if n > self.limit}

    @cached_property
    def missing(self) -> list[Told]:
        """Attempts that were told of an order which does not exist."""
        ids = {order.id for order in self.orders}
        return [told for told in self.history if told.outcome == "accepted" and told.order_id not in ids]


def load(
    db: Db,
    counter: Counter | None,
    sale_id: int,
    history: Sequence[Told],
    *,
    at_rest: bool,
    earlier: Sequence[Sale] = (),
    tickets: Mapping[str, Sequence[Ticket]] | None = None,
) -> Facts:
    """The facts of one sale, from one snapshot of its database. `LookupError` when there is no such sale."""
    with nullcontext() if at_rest else db.transaction():  # at rest every look is at the same snapshot
        sale = find_sale(db, sale_id)
        rows = db.all("SELECT * FROM orders WHERE sale_id = %s ORDER BY id", sale_id)
    if sale is None:
        raise LookupError(f"there is no sale {sale_id} to judge")
    return Facts(sale, [order_of(row) for row in rows], history, at_rest, counter, earlier, tickets or {})


def read_counter(redis: Redis, stage: str, sale_id: int) -> Counter | None:
    """What Redis says of one sale. None when it has no stock there: then MariaDB's row is what sells."""
    keys = Keys(stage)
    try:
        with redis.pipeline() as pipe:
            pipe.hget(keys(sale_id, "stock"), "left")
            pipe.hgetall(keys(sale_id, "bought"))
            left, bought = pipe.execute()
    except RedisError:
        return Counter(None, {})
    return None if left is None else Counter(int(left), {int(k): int(v) for k, v in bought.items()})


def read_tickets(redis: Redis, stage: str, sale_id: int) -> dict[str, list[Ticket]]:
    """Every ticket of the sale that Redis still has, as it is now. `RedisError` when it cannot be asked."""
    found = {}
    keys = redis.scan_iter(Keys(stage)(sale_id, "ticket:*"), count=1000)
    for key in sorted(name.decode() for name in keys if isinstance(name, bytes)):
        ticket = f"{sale_id}-{key.rpartition(':')[2]}"
        fields: dict[Any, Any] = redis.hgetall(key)
        told = {name.decode(): value.decode() for name, value in fields.items()}
        if told:
            state, order, problem = told["state"], told.get("order"), told.get("problem")
            found[ticket] = [Ticket(ticket, sale_id, int(told["buyer"]), state, order, problem)]
    return found
