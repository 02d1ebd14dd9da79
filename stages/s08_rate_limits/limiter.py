"""Five ways to count presses, and the one script that asks any of them about all limits at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from redis import Redis

from common import lua
from common.backends import Keys
from common.shop import Limit
from stages.s08_rate_limits.rules import USUAL, Rules, written

HERE = Path(__file__).parent


class Reached(NamedTuple):
    """The limit that keeps a press out, and for how many seconds it will."""

    name: str
    limit: Limit
    wait: float


class Limiter:
    """Lets presses through as long as each limit that they fall under has room. Raises `RedisError`.

    Guarantees, for presses at once from any processes: what one limit keeps out, no other limit counts; who
    comes back after `wait` seconds is let through, unless others were quicker. What a limit of `count` in
    `seconds` means is up to the algorithm, a Lua file. Costs one round trip; and a key for each buyer,
    address and sale, which expires by itself within two windows of the last press let through.
    """

    algorithm: str
    clock = HERE / "now.lua"

    def __init__(self, redis: Redis, keys: Keys, rules: Rules) -> None:
        self.redis = redis
        self._keys = keys
        self._rules = rules
        text = lua.source(HERE / "let_through.lua", limit=HERE / f"{self.algorithm}.lua", now=self.clock)
        self._script: Callable[[list[str], list[Any]], Any] = redis.register_script(text)

    def ask(self, subjects: Mapping[str, str]) -> Reached | None:
        """Count a press, or say which limit has no room for it. `subjects` is who presses, by limit."""
        names = list(subjects)
        keys = [self.key(name, subjects[name]) for name in names]
        told = self._script([self._rules.key, *keys], [*names, *(written(USUAL[name]) for name in names)])
        if not told:
            return None
        name, count, seconds, wait = told
        return Reached(name.decode(), Limit(int(count), int(seconds)), int(wait) / 1_000_000)

    def key(self, name: str, subject: str) -> str:
        """Where it is counted for one of them. One hash tag for all: on a cluster a script has one node."""
        return self._keys.shared(f"{{limits}}:{self.algorithm}:{name}:{subject}")


class FixedWindow(Limiter):
    """Allows up to twice `count` in a window, and at once: around the moment at which a window ends."""

    algorithm = "fixed_window"


class SlidingLog(Limiter):
    """Never lets more than `count` presses through in any `seconds`, wherever they begin.

    The only one of the five of which that is true, so it is the one the shop uses. Remembers each press that
    it let through for one window.
    """

    algorithm = "sliding_log"


class SlidingCounter(Limiter):
    """Allows `count` at once, and 2 * `count` - 1 in the worst window. Three numbers for each key."""

    algorithm = "sliding_counter"


class TokenBucket(Limiter):
    """Allows `count` at once, and 2 * `count` - 1 in the worst window. Two numbers for each key."""

    algorithm = "token_bucket"


class Gcra(Limiter):
    """Allows what the token bucket allows, with one number for each key."""

    algorithm = "gcra"
