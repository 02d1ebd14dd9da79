"""How old an account is: asked of MariaDB once, since it does not change."""

from __future__ import annotations

from datetime import datetime
from threading import Lock

from common.database import Sql

MOST = 100_000  # accounts that a process remembers; then it forgets all, and begins again


class Accounts:
    """When accounts were made. One statement for each account and process; for one that does not exist, each
    time. Raises `MySQLError`."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self._born: dict[int, datetime] = {}
        self._lock = Lock()

    def born(self, buyer_id: int) -> datetime | None:
        with self._lock:
            known = self._born.get(buyer_id)
        return known or self._ask(buyer_id)

    def _ask(self, buyer_id: int) -> datetime | None:
        with self._sql() as db:
            row = db.one("SELECT created_at FROM buyers WHERE id = %s", buyer_id)
        if row is None:
            return None
        with self._lock:
            if len(self._born) >= MOST:
                self._born.clear()
            self._born[buyer_id] = born = row["created_at"]
        assert isinstance(born, datetime)
        return born
