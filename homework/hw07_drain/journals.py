"""Journals with entries in them, and what became of each: for the grader, and for your own tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from redis import ResponseError

from common.backends import Backends
from common.journal import JOURNAL
from stages.s07_journal.journal import GROUP

TABLE = (
    "CREATE TABLE IF NOT EXISTS written (sale_id BIGINT NOT NULL, entry VARCHAR(40) NOT NULL,"
    " buyer_id BIGINT NOT NULL, quantity INT NOT NULL, times INT NOT NULL DEFAULT 1,"
    " PRIMARY KEY (sale_id, entry))"
)
IDLE = 600_000  # ms after which an entry that was handed out counts as left; no test takes that long
ADD = """
for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
    local buyer = (i * 7919 + ARGV[3]) % 1000003
    redis.call('XADD', KEYS[1], ARGV[3] + i .. '-0', 'token', ARGV[3] .. '-' .. i, 'buyer', buyer,
        'key', 'k' .. i, 'quantity', i % 3 + 1, 'at', ARGV[3])
end
"""
MOST = 1_000_000  # more than any journal has
AT_ONCE = 5000  # entries for one run of the script: nobody else is served meanwhile


class Journals:
    """The journals of some sales, each with a name. An entry goes by its number: 0 is the sale's first.

    Guarantees that what is told is what Redis and MariaDB hold. Rows that are of none of its entries do not
    count.
    """

    def __init__(self, b: Backends, first_sale: int, /, **waiting: int) -> None:
        """So many entries in each journal."""
        self._b = b
        self.sales = dict(zip(waiting, range(first_sale, first_sale + len(waiting)), strict=True))
        self.added = dict.fromkeys(waiting, 0)
        self._redis = b.stock
        self._add = self._redis.register_script(ADD)
        with b.sql() as db:
            db.run(TABLE)
        for name, count in waiting.items():
            self._redis.xgroup_create(self.key(name), GROUP, id="0", mkstream=True)
            self.add(name, count)

    def key(self, name: str) -> str:
        return self._b.keys(self.sales[name], JOURNAL)

    def arguments(self, consumer: str, places: int) -> dict[str, Any]:
        """For `turn` of harness.py."""
        return {"sales": list(self.sales.values()), "consumer": consumer, "places": places, "idle": IDLE}

    def add(self, name: str, count: int) -> None:
        """Append entries."""
        first, self.added[name] = self.added[name], self.added[name] + count
        for at in range(first, first + count, AT_ONCE):
            last = min(at + AT_ONCE, first + count) - 1
            self._add(keys=[self.key(name)], args=[at, last, self._base(name)])

    def hand_out(self, name: str, consumer: str, count: int, *, dead: bool) -> list[int]:
        """Have another consumer take so many entries, and nothing more; a `dead` one did so long ago."""
        self._redis.xreadgroup(GROUP, consumer, {self.key(name): ">"}, count=count)
        if dead:
            self.grow_old()
        return self.held(name, consumer)

    def grow_old(self) -> None:
        """Time passes: whatever has been handed out until now was handed out long ago."""
        for name in self.sales:
            for each in self._pending(name):
                entry, consumer = each["message_id"], each["consumer"]
                self._redis.xclaim(self.key(name), GROUP, consumer, 0, [entry], idle=2 * IDLE, justid=True)

    def _pending(self, name: str, consumer: str | None = None) -> list[dict[str, Any]]:
        """What is handed out. Nothing when there is no group any more."""
        with suppress(ResponseError):
            return list(self._redis.xpending_range(self.key(name), GROUP, "-", "+", MOST, consumer))
        return []

    # --- what became of them ---

    def written(self) -> dict[str, dict[int, int]]:
        """Which entries are in the table with their own buyer and quantity, and how often written."""
        found: dict[str, dict[int, int]] = {name: {} for name in self.sales}
        names = {sale_id: name for name, sale_id in self.sales.items()}
        with self._b.sql() as db:
            rows = db.all("SELECT * FROM written WHERE sale_id IN %s", tuple(names))
        for row in rows:
            name = names[row["sale_id"]]
            number = self._number(name, str(row["entry"]).encode())
            if (row["buyer_id"], row["quantity"]) == self._content(name, number):
                found[name][number] = row["times"]
        return found

    def held(self, name: str, consumer: str | None = None) -> list[int]:
        """Which entries are handed out, to this consumer or to anybody, and not acknowledged."""
        return [self._number(name, each["message_id"]) for each in self._pending(name, consumer)]

    def kept(self, name: str) -> set[int]:
        """Which entries are in the journal, and are handed out or will be."""
        with suppress(ResponseError):
            (group,) = self._redis.xinfo_groups(self.key(name))
            there = [entry for entry, _ in self._redis.xrange(self.key(name))]
            new = self._redis.xrange(self.key(name), b"(" + group["last-delivered-id"])
            numbers = {self._number(name, entry) for entry in there}
            return {self._number(name, entry) for entry, _ in new} | (numbers & set(self.held(name)))
        return set()

    def length(self, name: str) -> int:
        return int(self._redis.xlen(self.key(name)))

    def missing(self) -> dict[str, int]:
        """How many entries of each sale are neither written nor kept."""
        written = self.written()
        return counted(
            {name: set(range(self.added[name])) - set(written[name]) - self.kept(name) for name in self.sales}
        )

    def twice(self) -> dict[str, int]:
        """How many entries of each sale were written more than once."""
        return counted({name: [n for n in times.values() if n > 1] for name, times in self.written().items()})

    # --- ids and contents, as the script makes them ---

    def _base(self, name: str) -> int:
        """The time in the id of its first entry. The sale's number, another each time, is not in it."""
        return 10**12 + 10**9 * (1 + list(self.sales).index(name))

    def _number(self, name: str, entry: bytes) -> int:
        time = entry.partition(b"-")[0]
        return int(time) - self._base(name) if time.isdigit() else -1

    def _content(self, name: str, number: int) -> tuple[int, int]:
        return (number * 7919 + self._base(name)) % 1_000_003, number % 3 + 1


def counted(of: Mapping[str, Iterable[object]]) -> dict[str, int]:
    """How many there are of each, without those of which there is none."""
    many = {name: len(list(each)) for name, each in of.items()}
    return {name: count for name, count in many.items() if count}


def told(counts: Mapping[str, int]) -> str:
    """2 tea, 1 cup."""
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "nothing"
