"""Six tiny shops, and your audit. The grader calls these in a sandbox; you decide who moves next.

Each shop sells one unit (shop_6: two units to one buyer whose limit is one). Buyer A and buyer B press at the
same time. A letter of a schedule is one round trip: "AB" is the first statement of A, then the first of B.
"""

from __future__ import annotations

from typing import Any

from common.backends import Backends
from common.database import Db
from common.ids import new_id
from common.proof.scenario import NOW
from common.shop import LimitReached, Order, SoldOut


def shop_1(b: Backends, sale_id: int, buyer_id: int) -> Order:
    """Look, then write back what is left."""
    with b.sql() as db:
        left = look(db, "SELECT stock FROM sales WHERE id = %s", sale_id)
        if left < 1:
            raise SoldOut
        db.run("UPDATE sales SET stock = %s WHERE id = %s", left - 1, sale_id)
        return write_order(db, sale_id, buyer_id)


def shop_2(b: Backends, sale_id: int, buyer_id: int) -> Order:
    """The same between BEGIN and COMMIT."""
    with b.sql() as db, db.transaction():
        left = look(db, "SELECT stock FROM sales WHERE id = %s", sale_id)
        if left < 1:
            raise SoldOut
        db.run("UPDATE sales SET stock = %s WHERE id = %s", left - 1, sale_id)
        return write_order(db, sale_id, buyer_id)


def shop_3(b: Backends, sale_id: int, buyer_id: int) -> Order:
    """Ask in the statement that takes."""
    with b.sql() as db, db.transaction():
        if not db.run("UPDATE sales SET stock = stock - 1 WHERE id = %s AND stock >= 1", sale_id):
            raise SoldOut
        return write_order(db, sale_id, buyer_id)


def shop_4(b: Backends, sale_id: int, buyer_id: int) -> Order:
    """Lock the row while looking."""
    with b.sql() as db:
        if look(db, "SELECT stock FROM sales WHERE id = %s FOR UPDATE", sale_id) < 1:
            raise SoldOut
        db.run("UPDATE sales SET stock = stock - 1 WHERE id = %s", sale_id)
        return write_order(db, sale_id, buyer_id)


def shop_5(b: Backends, sale_id: int, buyer_id: int) -> Order:
    """Lock the row while looking, between BEGIN and COMMIT."""
    with b.sql() as db, db.transaction():
        if look(db, "SELECT stock FROM sales WHERE id = %s FOR UPDATE", sale_id) < 1:
            raise SoldOut
        db.run("UPDATE sales SET stock = stock - 1 WHERE id = %s", sale_id)
        return write_order(db, sale_id, buyer_id)


def shop_6(b: Backends, sale_id: int, buyer_id: int) -> Order:
    """Guard the stock, and count what the buyer has first. The limit is one."""
    with b.sql() as db, db.transaction():
        mine = "SELECT COUNT(*) AS stock FROM orders WHERE sale_id = %s AND buyer_id = %s"
        if look(db, mine, sale_id, buyer_id) >= 1:
            raise LimitReached
        if not db.run("UPDATE sales SET stock = stock - 1 WHERE id = %s AND stock >= 1", sale_id):
            raise SoldOut
        return write_order(db, sale_id, buyer_id)


def look(db: Db, sql: str, *args: object) -> int:
    row = db.one(sql, *args)
    return int(row["stock"]) if row else 0


def write_order(db: Db, sale_id: int, buyer_id: int) -> Order:
    order = Order(new_id(), sale_id, buyer_id, quantity=1, price_cents=100, status="placed", created_at=NOW)
    db.run(
        "INSERT INTO orders (id, sale_id, buyer_id, quantity, price_cents, status, created_at)"
        " VALUES (%s, %s, %s, 1, 100, 'placed', %s)",
        *(order.id, sale_id, buyer_id, NOW),
    )
    return order


def audit(
    b: Backends, sale: dict[str, Any], orders: list[dict[str, Any]], told: list[dict[str, Any]]
) -> list[str]:
    from audit import audit as yours

    return sorted(yours(sale, orders, told))
