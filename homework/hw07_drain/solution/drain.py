"""hw07: one consumer drains the journals of many sales, and none of them starves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from redis import Redis

from common.backends import Keys
from common.journal import JOURNAL
from stages.s07_journal.journal import GROUP


class Record(NamedTuple):
    """An entry of a sale's journal, as Redis has it."""

    sale_id: int
    entry: bytes
    fields: Mapping[bytes, bytes]


Write = Callable[[Sequence[Record]], None]
"""Writes a batch, of however many sales, in one transaction of MariaDB; returns after the COMMIT.
Records that are there already do no harm."""


def share(waiting: Mapping[int, int], places: int) -> dict[int, int]:
    """How many of a batch's places each sale gets; `waiting` says how many entries each has.

    No place stays empty while an entry waits. A sale that gets less than it has waiting is at most one place
    behind any other; where the places do not go up evenly, those that come first in `waiting` have one more.
    A sale that gets none has 0, or is left out.
    """
    # <todo> Share the places out.
    shares = dict.fromkeys(waiting, 0)
    while hungry := [sale for sale in waiting if shares[sale] < waiting[sale]][:places]:
        for sale in hungry:
            shares[sale] += 1
        places -= len(hungry)
    return shares
    # </todo>


class FairDrain:
    """Works off batches that the sales share. `consumer` is this process's name in the consumer group.

    Guarantees that each entry is written, and is in its journal until it is, wherever a consumer dies; and
    that of two sales which always had more entries than they got, none is ever more than one entry ahead, as
    long as one turn ends before the next begins.
    """

    def __init__(
        self, redis: Redis, keys: Keys, write: Write, *, consumer: str, places: int, idle: int
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._write = write
        self._consumer = consumer
        self._places = places  # in a batch
        self._idle = idle  # ms after which an entry that was handed out is taken for left by a dead consumer

    def _journal(self, sale_id: int) -> str:
        return self._keys(sale_id, JOURNAL)

    def turn(self, sales: Sequence[int]) -> None:
        """Take one batch from these sales' journals, write and acknowledge it. Raises what `write` raises."""
        # <todo> Look how much waits, share the places, take, write, acknowledge.
        first, waiting, left = self._look(sales)
        order = sorted(waiting, key=lambda sale: (sale < first, sale))
        shares = share({sale: waiting[sale] for sale in order}, self._places)
        batch = self._take(shares, left)
        self._write(batch)
        behind = [s for s in order if shares[s] < min(waiting[s], max(shares.values()))]
        self._forget(batch, behind[0] if behind else first)
        # </todo>

    # <mine>
    def _look(self, sales: Sequence[int]) -> tuple[int, dict[int, int], dict[int, list[bytes]]]:
        """Who comes first, how much each sale has for us, and what of that a dead consumer has left."""
        pipe = self._redis.pipeline()  # MULTI: lengths and what is handed out, all of one moment
        pipe.get(self._keys.shared("first"))
        for sale in sales:
            key = self._journal(sale)
            pipe.xlen(key)
            pipe.xpending(key, GROUP)
            pipe.xpending_range(key, GROUP, "-", "+", self._places, idle=self._idle)
        first, *seen = pipe.execute()
        waiting, left = {}, {}
        for sale, length, held, idle in zip(sales, seen[::3], seen[1::3], seen[2::3], strict=True):
            left[sale] = [each["message_id"] for each in idle]
            waiting[sale] = length - held["pending"] + len(idle)
        return int(first or 0), waiting, left

    def _take(self, shares: Mapping[int, int], left: Mapping[int, list[bytes]]) -> list[Record]:
        """Of each sale its share: what was left first, which is the oldest."""
        pipe, asked = self._redis.pipeline(transaction=False), list[int]()
        for sale, places in shares.items():
            claimed = left[sale][:places]
            if claimed:
                pipe.xclaim(self._journal(sale), GROUP, self._consumer, self._idle, claimed)
                asked.append(sale)
            if len(claimed) < places:
                new = places - len(claimed)
                pipe.xreadgroup(GROUP, self._consumer, {self._journal(sale): ">"}, count=new)
                asked.append(sale)
        return [
            Record(sale, entry, fields)
            for sale, answer in zip(asked, pipe.execute(), strict=True)
            for entry, fields in _entries(answer)
        ]

    def _forget(self, batch: Sequence[Record], first: int) -> None:
        """It is committed: out of the journals with it. The next batch begins with the sale `first`."""
        entries: dict[int, list[bytes]] = {}
        for record in batch:
            entries.setdefault(record.sale_id, []).append(record.entry)
        pipe = self._redis.pipeline(transaction=False)
        for sale, done in entries.items():
            pipe.xack(self._journal(sale), GROUP, *done)
            pipe.xdel(self._journal(sale), *done)
        pipe.set(self._keys.shared("first"), first)
        pipe.execute()

    # </mine>


# <mine>
def _entries(answer: list) -> list:
    """XCLAIM answers with entries; XREADGROUP with streams that have them, or with nothing."""
    if answer and isinstance(answer[0], list):
        return answer[0][1]
    return answer


# </mine>
