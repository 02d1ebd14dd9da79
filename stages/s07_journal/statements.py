"""s06's four writing statements, each for a whole batch. All belong into one transaction, in this order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from common.database import Db
from common.ids import new_id
from common.shop import LimitReached, Order, Sale, SoldOut
from stages.s06_queue.counter import Claim
from stages.s06_queue.tickets import ticket_id


def insert_orders(db: Db, batch: Sequence[Claim], price_cents: int) -> list[Order]:
    """Write the orders together with the keys of their presses. First of all writes, as in s05."""
    orders = [
        Order(new_id(), a.sale_id, a.buyer_id, a.quantity, price_cents, "placed", claim.at)
        for claim in batch
        for a in [claim.attempt]
    ]
    db.run_many(
        "INSERT INTO orders (id, sale_id, buyer_id, quantity, price_cents, status, created_at, request_key)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        [(*vars(order).values(), claim.attempt.key) for order, claim in zip(orders, batch, strict=True)],
    )
    return orders


def decide_all(db: Db, batch: Sequence[Claim], orders: Sequence[Order]) -> None:
    """s06's `decide` for each. `IntegrityError` when one of them has been decided before."""
    rows = ", ".join(["(%s, %s, UTC_TIMESTAMP(3))"] * len(batch))
    values = [
        text for claim, order in zip(batch, orders, strict=True) for text in (ticket_id(claim), order.id)
    ]
    db.run("INSERT INTO decisions (ticket, order_id, decided_at) VALUES " + rows, *values)  # noqa: S608


def count_purchases(db: Db, batch: Sequence[Claim], sale: Sale) -> None:
    """Add to what each buyer owns, then look whether that is too much for anybody: if so, all is undone.

    In between nobody else can change these rows: they are ours until the transaction ends. Always in the same
    order, so that two batches that meet wait for each other, and do not deadlock.
    """
    units: Counter[int] = Counter()
    for claim in batch:
        units[claim.attempt.buyer_id] += claim.attempt.quantity
    db.run_many(
        "INSERT INTO purchases (sale_id, buyer_id, bought) VALUES (%s, %s, %s)"
        " ON DUPLICATE KEY UPDATE bought = bought + VALUES(bought)",
        [(sale.id, buyer, count) for buyer, count in sorted(units.items())],
    )
    if db.one(
        "SELECT buyer_id FROM purchases WHERE sale_id = %s AND buyer_id IN %s AND bought > %s LIMIT 1",
        sale.id,
        tuple(units),
        sale.buyer_limit,
    ):
        raise LimitReached


def take_units(db: Db, batch: Sequence[Claim]) -> None:
    """Take what all of them want, from the one hot row, which is why it comes last. All or nothing.

    The window counts at the time of each press, as in s06.
    """
    wanted = sum(claim.attempt.quantity for claim in batch)
    pressed = [claim.at for claim in batch]
    taken = db.run(
        "UPDATE sales SET stock = stock - %s"
        " WHERE id = %s AND stock >= %s AND state = 'published' AND opens_at <= %s AND closes_at > %s",
        wanted,
        batch[0].attempt.sale_id,
        wanted,
        min(pressed),
        max(pressed),
    )
    if not taken:
        raise SoldOut
