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
    shares = dict.fromkeys(waiting, 0)
    while hungry := [sale for sale in waiting if shares[sale] < waiting[sale]][:places]:
        for sale in hungry:
            shares[sale] += 1
        places -= len(hungry)
    return shares


SEEN: dict[int, bytes] = {}


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
        pipe = self._redis.pipeline(transaction=False)
        for sale in sales:
            pipe.xrange(self._journal(sale), b"(" + SEEN.get(sale, b"0"), count=self._places)
        new = dict(zip(sales, pipe.execute(), strict=True))
        shares = share({sale: len(entries) for sale, entries in new.items()}, self._places)
        batch = [Record(sale, *each) for sale in sales for each in new[sale][: shares[sale]]]
        self._write(batch)
        SEEN.update({each.sale_id: each.entry for each in batch})



