"""Bearer tokens: who somebody is, signed, and only for a while. Checking one costs no round trip."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import cache

from itsdangerous import BadData, URLSafeTimedSerializer

from common.buyers import Buyer
from common.settings import Settings

LIFETIME = timedelta(hours=12)


def issue_token(settings: Settings, buyer: Buyer) -> str:
    """A token for `buyer`, good for `LIFETIME` in every process and stage that shares the secret.

    Guarantees that nobody without the secret can make or change one. Does not hide what it says, and cannot
    be taken back: a role that is withdrawn stays until the token expires.
    """
    return _serializer(settings.secret_key).dumps([buyer.id, buyer.name, buyer.role])


def read_token(settings: Settings, token: str) -> Buyer | None:
    """The buyer a token names; None when it is forged, damaged or expired, without saying which."""
    try:
        fields = _serializer(settings.secret_key).loads(token, max_age=int(LIFETIME.total_seconds()))
    except BadData:
        return None
    return Buyer(*fields)


@cache
def _serializer(secret: str) -> URLSafeTimedSerializer:
    signing = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeTimedSerializer(secret, salt="seckill bearer token", signer_kwargs=signing)
