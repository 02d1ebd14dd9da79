"""hw03: logical expiry. A copy that is too old is still shown, while one reader fetches a new one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from pydantic import TypeAdapter
from pymysql import MySQLError
from redis import Redis

from common.backends import Clock, Keys
from common.ids import new_id
from common.shop import Sale, SaleChanged

FRESH = timedelta(seconds=60)  # a copy is shown without a question for so long
LEASE = timedelta(seconds=20)  # one reader may take so long to fetch a new one
SALE = TypeAdapter(Sale)  # SALE.dump_json(sale) -> bytes, SALE.validate_json(data) -> Sale


class HotSales:
    """Sales that everybody looks at, as copies in Redis which are never missing.

    Guarantees that nobody waits for another reader, that of all who find a copy too old one asks `source`,
    that what was read earlier never replaces what was read later, and that a reader who dies holds nobody up
    for longer than LEASE. A copy is at most FRESH plus one fetch old, as long as `source` answers.
    """

    def __init__(
        self, redis: Redis, keys: Keys, clock: Clock, source: Callable[[int], Sale | None]
    ) -> None:
        self._redis, self._keys, self._clock, self._source = redis, keys, clock, source
        self._look, self._put = redis.register_script(LOOK), redis.register_script(PUT)
        self._due = redis.register_script(CHANGED)

    def warm(self, sale_id: int) -> None:
        """Keep a copy of the sale from now on. Called before the sale is published."""
        sale = self._source(sale_id)
        if sale is not None:
            copy = {"value": SALE.dump_json(sale), "due": self._until()}
            self._redis.hset(self._names(sale_id)[0], mapping=copy)

    def get(self, sale_id: int) -> Sale | None:
        """The sale, a little old perhaps. One that was not warmed is what `source` says, and is not kept."""
        token, now = new_id(), self._ms(timedelta())
        lease_ms = int(LEASE.total_seconds() * 1000)
        value, due = self._redis.hmget(self._names(sale_id)[0], "value", "due")
        leads = False
        if value is not None and now >= int(due):
            leads = bool(self._redis.set(self._names(sale_id)[1], token, nx=True, px=lease_ms))
        if value is None:
            return self._source(sale_id)
        old = SALE.validate_json(value)
        return self._fetch(old, token) if leads else old

    def changed(self, event: SaleChanged) -> None:
        """A listener: the sale has been changed, and the change is committed."""
        self._due(keys=self._names(event.sale_id))

    def _fetch(self, old: Sale, token: str) -> Sale:
        try:
            sale = self._source(old.id) or old
        except MySQLError:
            return old  # and the lease runs on: the database is asked again when it ends
        self._put(keys=self._names(old.id), args=[token, SALE.dump_json(sale), self._until()])
        return sale

    def _names(self, sale_id: int) -> list[str]:
        return [self._keys(sale_id, "hot"), self._keys(sale_id, "lease")]

    def _until(self) -> int:
        return self._ms(FRESH)

    def _ms(self, later: timedelta) -> int:
        return int((self._clock() + later).timestamp() * 1000)


# KEYS[1] the copy, KEYS[2] the lease. ARGV: now (ms), token, how long the lease holds (ms).
# Returns {the copy or nil, 1 if the caller is to fetch a new one}: seeing that it is due and taking the lease
# are one step, else two readers could see it one after the other, and fetch one after the other.
LOOK = """
local value, due = unpack(redis.call('HMGET', KEYS[1], 'value', 'due'))
if not value or tonumber(ARGV[1]) < tonumber(due) then
    return {value, 0}
end
if redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[3]) then
    return {value, 1}
end
return {value, 0}
"""
# KEYS as above. ARGV: token, value, due (ms). Stores nothing unless the lease is still the caller's.
PUT = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
    return 0
end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[1], 'value', ARGV[2], 'due', ARGV[3])
return 1
"""
# KEYS as above. A copy that is there is due; who is fetching now may have read too early, and has to let go.
CHANGED = """
redis.call('DEL', KEYS[2])
if redis.call('EXISTS', KEYS[1]) == 1 then
    redis.call('HSET', KEYS[1], 'due', 0)
end
"""
