"""Ids that sort by time and need no co-ordination between processes."""

import os
import time
from threading import Lock

_lock = Lock()
_last = 0  # the newest time that was given out, in 4096ths of a millisecond


def new_id() -> str:
    """A UUIDv7 (RFC 9562): milliseconds since 1970 first, then random bits, as 36 characters of text.

    Guarantees uniqueness across processes and machines for all practical purposes, and order by creation time
    to the millisecond between processes, strictly within one. Does not tell *when* exactly, and is no secret.
    """
    global _last  # noqa: PLW0603 - one clock for each process
    with _lock:
        # The 12 bits after the milliseconds are their fraction (RFC 9562, 6.2, method 3). Two ids within one
        # 4096th, or a clock set back, count on from the last.
        _last = at = max(time.time_ns() * 4096 // 1_000_000, _last + 1)
    variant = 0b10 << 62
    text = f"{at >> 12:012x}7{at & 0xFFF:03x}{variant | int.from_bytes(os.urandom(8)) >> 2:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
