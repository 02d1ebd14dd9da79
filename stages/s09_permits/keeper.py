"""What the door remembers about visitors, who is banned, and what may be changed while the sale runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from redis import Redis

from common.backends import Keys
from common.shop import Ban, Visit
from stages.s08_rate_limits.gate import network
from stages.s09_permits.risk import RULES, Past

HERE = Path(__file__).parent
HOUR = 3600
PACE, PATIENCE = 10, 600  # seconds: see look.lua

Settings = Mapping[str, int]

# `bits` is the work of a visitor whom nothing speaks against: 2^bits tries. Ten points against somebody make
# it twice as much; from `refuse_from` on they are turned away. A permit is good for `seconds`; `per_unit` may
# be out for each unit left. Who steps into the trap is banned for `ban_seconds`. 0 is "not at all" for all of
# them but `seconds`: no challenge, nobody turned away, as many permits as you like, no ban.
USUAL: Settings = {
    "bits": 8,
    "refuse_from": 100,
    "seconds": 60,
    "per_unit": 3,
    "ban_seconds": HOUR,
    **{rule.name: rule.points for rule in RULES},
}


class Known(NamedTuple):
    """What is in force, for how many more seconds the visitor is banned, and what is remembered of them."""

    settings: Settings
    banned: int
    past: Past


class Keeper:
    """The `Doorkeeper` of s09. Raises `RedisError`.

    Guarantees that a change is obeyed by every visit that is looked at after it, in every process, and that a
    ban ends by itself. A Redis that lost its memory has `USUAL` again, no bans, and knows nobody. An address
    of IPv6 is its first half, as in s08: whoever has one has all that begin like it.
    """

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._look = redis.register_script((HERE / "look.lua").read_text())

    def look(self, visit: Visit, mistaken: bool, now: datetime, born: Callable[[], datetime | None]) -> Known:
        """One round trip. `mistaken`: this visit brings a wrong answer."""
        buyer, address = str(visit.buyer_id), network(visit.client)
        names = (
            *("settings", f"ban:buyer:{buyer}", f"ban:address:{address}"),
            *(f"accounts:{address}", f"addresses:{buyer}", f"visits:{buyer}", f"mistakes:{buyer}"),
        )
        changed, banned, accounts, addresses, visits, mistakes = self._look(
            keys=list(map(self._key, names)), args=[buyer, address, HOUR, PACE, PATIENCE, int(mistaken)]
        )
        settings = in_force(dict(zip(changed[::2], changed[1::2], strict=True)))
        return Known(settings, banned, Past(accounts, addresses, visits, mistakes, now, born))

    def settings(self) -> dict[str, int]:
        return in_force(self._redis.hgetall(self._key("settings")))

    def change(self, settings: Mapping[str, int]) -> None:
        if settings:
            self._redis.hset(self._key("settings"), mapping={name: settings[name] for name in settings})

    def bans(self) -> list[Ban]:
        """Looks through all keys of the door, a few at a time: for the back office, not for visitors."""
        found = []
        start = len(self._key("ban:"))
        for name in self._redis.scan_iter(match=self._key("ban:*"), count=1000):
            kind, _, who = name.decode()[start:].partition(":")
            if (seconds := self._redis.ttl(name)) > 0:
                found.append(Ban(kind, who, seconds))
        return sorted(found, key=lambda ban: (ban.kind, ban.who))

    def ban(self, ban: Ban) -> None:
        who = network(ban.who) if ban.kind == "address" else ban.who
        key = self._key(f"ban:{ban.kind}:{who}")
        if ban.seconds:
            self._redis.set(key, 1, ex=ban.seconds)
        else:
            self._redis.delete(key)

    def _key(self, name: str) -> str:
        return self._keys.shared(f"{{door}}:{name}")


def in_force(changed: Mapping[Any, Any]) -> dict[str, int]:
    """`USUAL`, as changed."""
    return {name: int(changed.get(name.encode(), usual)) for name, usual in USUAL.items()}
