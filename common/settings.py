"""Settings: everything that differs between machines, read once from the environment (see .env.example)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Self

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
MOST_THREADS = 1000


class BadSetting(ValueError):
    """An environment variable says what cannot be: which, and what it may say."""


@dataclass(frozen=True)
class Settings:
    """Where the servers are and what secret signs tokens. The defaults fit `docker compose up mysql redis`.

    `secret_key` must be the same in every process of one shop, and secret: its default is for a laptop only.
    What one of the `secret_key_fallbacks` signed is taken, too: so it can be replaced while the shop runs.
    `web_threads` is how many requests one web process answers at a time; pools are sized by it.
    """

    mysql_url: str = "mysql://root@127.0.0.1:3306/"
    redis_url: str = "redis://127.0.0.1:6379/0"
    secret_key: str = "for-a-laptop-only"  # noqa: S105 - said to be no secret
    secret_key_fallbacks: tuple[str, ...] = ()
    web_threads: int = 4
    log_level: str = "INFO"

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """Every secret whose signatures are taken; the first one signs."""
        return self.secret_key, *self.secret_key_fallbacks

    @classmethod
    def from_env(cls) -> Self:
        """Raises `BadSetting`. Whether a server answers at its address shows when it is asked."""
        env = {name: value for name, value in os.environ.items() if value}  # empty is the same as absent
        return cls(
            mysql_url=env.get("MYSQL_URL", cls.mysql_url),
            redis_url=env.get("REDIS_URL", cls.redis_url),
            secret_key=env.get("SECRET_KEY", cls.secret_key),
            secret_key_fallbacks=tuple(filter(None, env.get("SECRET_KEY_FALLBACKS", "").split(","))),
            web_threads=_threads(env.get("WEB_THREADS", str(cls.web_threads))),
            log_level=_level(env.get("LOG_LEVEL", cls.log_level)),
        )


def _threads(said: str) -> int:
    if said.isascii() and said.isdigit() and len(said) < 5 and 1 <= int(said) <= MOST_THREADS:
        return int(said)
    raise BadSetting(f"WEB_THREADS is a whole number from 1 to {MOST_THREADS}, not {said[:40]!r}.")


def _level(said: str) -> str:
    if said.upper() in LEVELS:
        return said.upper()
    raise BadSetting(f"LOG_LEVEL is one of {', '.join(LEVELS)}, not {said[:40]!r}.")
