"""What the shop's own people do to a sale: create, change, publish, close, restock.

Every change raises the sale's version and, once committed, is told to the stage's listeners.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from common.catalog import find_sale, sale_of
from common.database import Db, Row, Sql
from common.shop import Busy, Change, Invalid, Listener, NoSuchSale, Sale, SaleChanged, Unclear

CHANGEABLE = (
    "title",
    "title_zh",
    "image",
    "price_cents",
    "list_price_cents",
    "buyer_limit",
    "opens_at",
    "closes_at",
)

MOST_UNITS = 1_000_000_000  # fits the column


class BackOffice:
    """Changes sales in MariaDB, one short transaction each, then tells the listeners.

    Guarantees that a listener hears only of what is committed, and that no `Busy` is raised once it is: who
    hears that nothing was done does it again. Does not guarantee that it hears: a crash between commit and
    call loses the call (what a stage does about that is its business).
    """

    def __init__(self, sql: Sql, listeners: Sequence[Listener] = ()) -> None:
        self._sql = sql
        self._listeners = listeners

    def all(self) -> list[Sale]:
        """Every sale, drafts too, the newest first."""
        with self._sql() as db:
            return [sale_of(row) for row in db.all("SELECT * FROM sales ORDER BY id DESC")]

    def get(self, sale_id: int) -> Sale:
        """The sale as the ledger has it now, or `NoSuchSale`."""
        with self._sql() as db:
            sale = find_sale(db, sale_id)
        if sale is None:
            raise NoSuchSale
        return sale

    def create(self, fields: Mapping[str, Any], units: int) -> Sale:
        """A new draft with `units` in stock. `fields` has every name in `CHANGEABLE`."""
        _check_terms(fields)
        values = [fields[name] for name in CHANGEABLE]
        with self._sql() as db:
            sale_id = db.insert(
                f"INSERT INTO sales ({', '.join(CHANGEABLE)}, initial, stock)"  # noqa: S608
                f" VALUES ({', '.join(['%s'] * len(CHANGEABLE))}, %s, %s)",
                *values,
                units,
                units,
            )
        return self._changed(sale_id, "created")

    def change(self, sale_id: int, fields: Mapping[str, Any]) -> Sale:
        """Set some of `CHANGEABLE`. A closed sale stays as it is."""
        names = [name for name in CHANGEABLE if name in fields]
        with self._sql() as db, db.transaction():
            sale = _locked(db, sale_id)
            if sale["state"] == "closed":
                raise Invalid("state", "a closed sale cannot be changed")
            _check_terms({**sale, **fields})
            assignments = "".join(f"{name} = %s, " for name in names)
            db.run(
                f"UPDATE sales SET {assignments}version = version + 1 WHERE id = %s",  # noqa: S608
                *[fields[name] for name in names],
                sale_id,
            )
        return self._changed(sale_id, "changed")

    def publish(self, sale_id: int) -> Sale:
        """A draft becomes visible, and sells within its window."""
        return self._move(sale_id, "draft", "published", "published")

    def close(self, sale_id: int) -> Sale:
        """No attempt that starts after this returns is accepted. There is no way back."""
        return self._move(sale_id, "published", "closed", "closed")

    def restock(self, sale_id: int, units: int) -> Sale:
        """Put `units` more on sale, or take unsold ones back when negative; never below none left."""
        with self._sql() as db, db.transaction():
            sale = _locked(db, sale_id)
            if sale["state"] == "closed":
                raise Invalid("state", "a closed sale cannot be restocked")
            if sale["stock"] + units < 0:
                raise Invalid("units", f"only {sale['stock']} units are left to take back")
            if sale["initial"] + units > MOST_UNITS:
                raise Invalid("units", f"one sale holds at most {MOST_UNITS} units")
            db.run(
                "UPDATE sales SET initial = initial + %s, stock = stock + %s, version = version + 1"
                " WHERE id = %s",
                units,
                units,
                sale_id,
            )
        return self._changed(sale_id, "restocked")

    def _move(self, sale_id: int, before: str, after: str, what: Change) -> Sale:
        with self._sql() as db, db.transaction():
            sale = _locked(db, sale_id)
            if sale["state"] != before:
                raise Invalid("state", f"the sale is {sale['state']}, not {before}")
            db.run("UPDATE sales SET state = %s, version = version + 1 WHERE id = %s", after, sale_id)
        return self._changed(sale_id, what)

    def _changed(self, sale_id: int, what: Change) -> Sale:
        try:
            sale = self.get(sale_id)
            for listener in self._listeners:
                listener(SaleChanged(sale_id, sale.version, what))
        except Busy as busy:
            detail = f"The change is made, and perhaps not known everywhere yet: {busy.detail}"
            raise Unclear(detail, retry_after=2) from busy
        return sale


def _locked(db: Db, sale_id: int) -> Row:
    row = db.one("SELECT * FROM sales WHERE id = %s FOR UPDATE", sale_id)
    if row is None:
        raise NoSuchSale
    return row


def _check_terms(fields: Mapping[str, Any]) -> None:
    if fields["closes_at"] <= fields["opens_at"]:
        raise Invalid("closes_at", "must be after opens_at")
    if fields["list_price_cents"] < fields["price_cents"]:
        raise Invalid("list_price_cents", "must not be below the price")
