"""What this shop has signed: small facts that a visitor carries, and cannot change."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

MOST = 512  # letters in anything signed here


class Keyring:
    """Signs with the first of its secrets, and knows what was signed with any of them.

    What is signed goes by its `purpose`: a challenge is no permit. A text names the key that it was signed
    with by an id, so that a secret can be replaced while the sale runs: the new one signs, and what the old
    one signed is good until it expires. Guarantees that nobody without a secret can make or change one. Hides
    nothing, and remembers nothing: that a text is used up, somebody else has to know.
    """

    def __init__(self, *secrets: str) -> None:
        self._keys = {key_id(secret): secret.encode() for secret in secrets}
        self._first = key_id(secrets[0])

    def sign(self, purpose: str, facts: Sequence[Any]) -> str:
        """ "key.facts.signature", in letters that need no quoting. `facts` is what JSON can say."""
        said = f"{self._first}.{letters(json.dumps(list(facts), separators=(',', ':')).encode())}"
        return f"{said}.{self._signature(self._first, purpose, said)}"

    def read(self, purpose: str, text: str) -> list[Any] | None:
        """The facts; None when this shop has not signed that for this purpose."""
        said, _, signature = text.rpartition(".")
        key, _, facts = said.partition(".")
        if len(text) > MOST or not text.isascii() or key not in self._keys:
            return None
        if not hmac.compare_digest(signature, self._signature(key, purpose, said)):
            return None
        return list(json.loads(urlsafe_b64decode(facts + "==")))  # signed by us, so of our making

    def words(self, purpose: str, text: str) -> list[str]:
        """What stands for `text`, by each secret, and cannot be told without one."""
        return [self._signature(key, purpose, text)[:22] for key in self._keys]

    def _signature(self, key: str, purpose: str, said: str) -> str:
        own = hmac.digest(self._keys[key], f"seckill {purpose}".encode(), "sha256")  # for this purpose alone
        return letters(hmac.digest(own, said.encode(), "sha256"))


def key_id(secret: str) -> str:
    """Names a secret, and tells nothing about it."""
    return sha256(b"seckill key id " + secret.encode()).hexdigest()[:8]


def letters(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
