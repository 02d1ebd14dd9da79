"""Who is pressing the button: names, argon2 password hashes, roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from common.database import Sql

Role = Literal["buyer", "admin"]
_hasher = PasswordHasher()


@dataclass(frozen=True)
class Buyer:
    """A person with an account. An admin is a buyer who may also change sales."""

    id: int
    name: str
    role: Role


class Buyers:
    """Finds buyers, and checks passwords in the same time whether or not the name exists."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def sign_in(self, name: str, password: str) -> Buyer | None:
        """The buyer with this name and password, or None. Does not say which of the two was wrong."""
        with self._sql() as db:
            row = db.one("SELECT id, name, role, password_hash FROM buyers WHERE name = %s", name)
        right = _verify(row["password_hash"] if row else NOBODY, password)
        return Buyer(row["id"], row["name"], row["role"]) if row and right else None


def hash_password(password: str) -> str:
    """An argon2id hash with its own salt. Slow on purpose: tens of milliseconds of CPU."""
    return _hasher.hash(password)


def _verify(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


NOBODY = hash_password("nobody has this password")
