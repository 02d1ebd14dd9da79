"""Reading sales straight from MariaDB: one statement a read."""

from __future__ import annotations

from dataclasses import fields

from common.database import Db, Row, Sql
from common.shop import Sale

FIELDS = [field.name for field in fields(Sale)]


class SqlCatalog:
    """A `Catalog` that is never stale and never cheap: each call costs one SQL statement."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def get(self, sale_id: int) -> Sale | None:
        with self._sql() as db:
            return find_sale(db, sale_id)

    def list(self) -> list[Sale]:
        with self._sql() as db:
            rows = db.all("SELECT * FROM sales WHERE state <> 'draft' ORDER BY opens_at, id")
        return [sale_of(row) for row in rows]

    def highest_id(self) -> int:
        """The highest id of any sale, drafts too; 0 when there is none. No sale has a higher one."""
        with self._sql() as db:
            row = db.one("SELECT COALESCE(MAX(id), 0) AS highest FROM sales")
        return int(row["highest"]) if row else 0


def find_sale(db: Db, sale_id: int) -> Sale | None:
    """The sale as the ledger has it now."""
    row = db.one("SELECT * FROM sales WHERE id = %s", sale_id)
    return sale_of(row) if row else None


def sale_of(row: Row) -> Sale:
    """The `Sale` in a row of `sales`. Columns that a later stage adds are not its business."""
    return Sale(**{name: row[name] for name in FIELDS})
