"""s05's warm-up, which opens the sale's journal before the sale can sell."""

from __future__ import annotations

from common.database import Sql
from stages.s05_redis_stock import upkeep
from stages.s07_journal.counter import JournalCounter
from stages.s07_journal.journal import Journal


class WarmUp(upkeep.WarmUp):
    """Guarantees, besides, that no press gets a unit before consumers know of the journal it goes into."""

    def __init__(self, sql: Sql, counter: JournalCounter, journal: Journal) -> None:
        super().__init__(sql, counter)
        self._journal = journal

    def __call__(self, sale_id: int) -> bool:
        self._journal.open(sale_id)
        return super().__call__(sale_id)
