"""The journal: for each sale a Redis stream of what was reserved, handed out to consumers in batches."""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from redis import Redis, ResponseError

from common.backends import Keys
from common.ids import new_id
from common.journal import JOURNAL
from common.shop import Attempt
from stages.s06_queue.counter import Claim

log = logging.getLogger(__name__)

GROUP = "ledger"  # the consumers that share the work: each entry goes to one of them
MOST = 500  # entries in a batch
IDLE = 5.0  # seconds after which a batch that was not settled is taken for left
OPENED = "journals"

Entry = tuple[bytes, Mapping[bytes, bytes]]


@dataclass(frozen=True)
class Recorded(Claim):
    """A claim as its entry in the journal has it. `runs` says how often the entry was handed out."""

    entry: str


class Journal:
    """Hands out what was reserved, to one consumer among several. Raises `RedisError`.

    Guarantees that an entry is handed out again, and again, until it is settled, wherever its consumer died.
    So it may be worked on twice, even at the same time: by a consumer that is slow, and by one that believes
    it dead. Keeps nothing that Redis loses. Never forgets the name of a sale that it was opened for.
    """

    most = MOST
    idle = IDLE

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self.redis = redis
        self.keys = keys
        self._consumer = f"{platform.node()}-{os.getpid()}-{new_id()[-12:]}"
        self._left = redis.register_script(Path(__file__).with_name("claim.lua").read_text())

    def open(self, sale_id: int) -> None:
        """Make the sale's journal, and have consumers look into it. Comes before its first entry."""
        with suppress(ResponseError):  # BUSYGROUP: it is open
            self.redis.xgroup_create(self.keys(sale_id, JOURNAL), GROUP, id="0", mkstream=True)
        self.redis.sadd(self.keys.shared(OPENED), sale_id)

    def sales(self) -> list[int]:
        """Every sale whose journal is not empty, in order. Two round trips, however many sales there are."""
        opened = sorted(int(name) for name in self.redis.smembers(self.keys.shared(OPENED)))
        with self.redis.pipeline(transaction=False) as pipe:
            for sale_id in opened:
                pipe.xlen(self.keys(sale_id, JOURNAL))
            return [sale_id for sale_id, length in zip(opened, pipe.execute(), strict=True) if length]

    def take(self, sale_id: int) -> list[Recorded]:
        """A batch of one sale: what another consumer has left, else what is new, the oldest first.

        An entry that reserve.lua cannot have written is thrown away: it would end whoever reads it.
        """
        return self._claim(sale_id) or self._read(sale_id)

    def _claim(self, sale_id: int) -> list[Recorded]:
        """See claim.lua."""
        idle = int(self.idle * 1000)
        times, found = self._left(
            keys=[self.keys(sale_id, JOURNAL)], args=[GROUP, self._consumer, self.most, idle]
        )
        entries = [(entry, dict(zip(words[::2], words[1::2], strict=True))) for entry, words in found]
        return list(self._recorded(sale_id, entries, times))

    def _read(self, sale_id: int) -> list[Recorded]:
        """What no consumer has had yet (`>`). It is this one's until it is settled."""
        key = self.keys(sale_id, JOURNAL)
        found: Any = self.redis.xreadgroup(GROUP, self._consumer, {key: ">"}, count=self.most)
        return [each for _, entries in found for each in self._recorded(sale_id, entries, times=1)]

    def _recorded(self, sale_id: int, entries: Sequence[Entry], times: int) -> Iterator[Recorded]:
        for entry, told in entries:
            try:
                yield recorded(sale_id, entry.decode(), told, times)
            except (KeyError, ValueError):
                log.exception("entry %s of sale %s is none of ours: %s", entry, sale_id, told)
                key = self.keys(sale_id, JOURNAL)
                self.redis.xack(key, GROUP, entry)
                self.redis.xdel(key, entry)


def recorded(sale_id: int, entry: str, told: Mapping[bytes, bytes], times: int) -> Recorded:
    """What reserve.lua wrote down. `KeyError` or `ValueError` when it did not write this."""
    token, at = told[b"token"].decode(), datetime.fromtimestamp(int(told[b"at"]) / 1000, UTC)
    attempt = Attempt(
        id=token,
        sale_id=sale_id,
        buyer_id=int(told[b"buyer"]),
        quantity=int(told[b"quantity"]),
        key=told[b"key"].decode(),
        client="",
        deadline=at + timedelta(days=1),
    )
    return Recorded(attempt, token, at, times, entry)
