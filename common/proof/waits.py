"""Who waits for a row lock at this moment, as the server itself says."""

from __future__ import annotations

import re

from common.database import Db

TRANSACTION = "\n---TRANSACTION "
SESSION = re.compile(r"\n(?:MariaDB|MySQL) thread id (\d+)")
WAITS = "\n------- TRX HAS BEEN WAITING"


class LockWaits:
    """Reads the waits out of `SHOW ENGINE INNODB STATUS`, over a connection of its own (0.2 ms).

    Guarantees that a lock given back by a statement that has been answered is no longer waited for. Other
    sources do not: the counter `Innodb_row_lock_current_waits` goes down only when the waiter has woken up
    (late in 2 of 600 commits), and `INNODB_TRX` is a cached view. Needs the PROCESS privilege.
    """

    def __init__(self, db: Db) -> None:
        self._db = db

    def sessions(self) -> set[int]:
        """The connection numbers of all who wait."""
        row = self._db.one("SHOW ENGINE INNODB STATUS")
        text = str(row["Status"]) if row else ""
        waiting = [part for part in text.split(TRANSACTION) if WAITS in part]
        return {int(found[1]) for part in waiting if (found := SESSION.search(part))}
