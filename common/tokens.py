"""Bearer tokens: who somebody is, signed, and only for a while. Checking one costs no round trip.

A token is two words in base64url, with a dot between them: the claim, a JSON list of id, name, role and the
unix time of its end; and the HMAC-SHA256 of the first word.
"""

from __future__ import annotations

import hmac
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from functools import cache

from common.buyers import Buyer
from common.settings import Settings

LIFETIME = timedelta(hours=12)


def issue_token(settings: Settings, buyer: Buyer) -> str:
    """A token for `buyer`, good for `LIFETIME` in every process and stage that knows the secret.

    Guarantees that nobody without the secret can make or change one. Does not hide what it says, and cannot
    be taken back: a role that is withdrawn stays until the token expires.
    """
    end = int(time.time() + LIFETIME.total_seconds())
    claim = _text(json.dumps([buyer.id, buyer.name, buyer.role, end]).encode())
    return f"{claim}.{_signature(settings.secret_key, claim)}"


def read_token(settings: Settings, token: str) -> Buyer | None:
    """The buyer a token names; None when it is forged, damaged or expired, without saying which."""
    claim, _, signature = token.partition(".")
    ours = (_signature(secret, claim) for secret in settings.secret_keys)
    if not token.isascii() or not any(hmac.compare_digest(signature, each) for each in ours):
        return None
    *fields, end = json.loads(urlsafe_b64decode(claim + "=="))  # signed by us, so of our making
    left = end - time.time()
    return Buyer(*fields) if 0 < left <= LIFETIME.total_seconds() else None


def _signature(secret: str, claim: str) -> str:
    return _text(hmac.digest(_key(secret), claim.encode(), "sha256"))


@cache
def _key(secret: str) -> bytes:
    """A key for this purpose alone: what the secret signs elsewhere is no token."""
    return hmac.digest(secret.encode(), b"seckill bearer token", "sha256")


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
