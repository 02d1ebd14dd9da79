"""Ids that sort by time and need no co-ordination between processes."""

from uuid6 import uuid7


def new_id() -> str:
    """A UUIDv7 (RFC 9562): milliseconds since 1970 first, then random bits, as 36 characters of text.

    Guarantees uniqueness across processes and machines for all practical purposes, and order by creation time
    to the millisecond between processes, strictly within one. Does not tell *when* exactly, and is no secret.
    """
    return str(uuid7())
