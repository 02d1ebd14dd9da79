"""Proof of work, from the side of who has to do it: programs that press go through the door, too."""

from __future__ import annotations

from collections.abc import Generator
from hashlib import sha256
from itertools import count
from typing import Any

from common.shop import Solution

Told = tuple[int, dict[str, Any]]
"""What the door answered: status and document; (0, {}) when it did not."""

CHALLENGES = 3  # that a program solves before it gives up
MOST_BITS = 24  # and what it takes on: about ten seconds of work


def zero_bits(token: str, work: str) -> int:
    """With how many zero bits the SHA-256 of "token:work" begins."""
    return 256 - int.from_bytes(sha256(f"{token}:{work}".encode()).digest()).bit_length()


def solution(token: str, bits: int) -> Solution:
    """Find it: 2^bits tries on average, about a microsecond each. Nobody finds it quicker than by trying."""
    begun = sha256(f"{token}:".encode())
    for number in count():
        tried = begun.copy()
        tried.update(b"%d" % number)
        if int.from_bytes(tried.digest()) >> (256 - bits) == 0:
            return Solution(token, work=str(number))
    raise AssertionError("count() never ends")


def at_the_door() -> Generator[dict[str, Any] | float, Told, Told]:
    """What a program says at the door, whichever way it sends it: yields a body to POST to the sale's
    `entry`, and wants to be sent what came back; or yields seconds to wait. Returns the last answer: a
    permit, or why there is none."""
    solved = 0
    body: dict[str, Any] = {}
    while True:
        status, told = yield body
        if status == 202:
            yield float(told.get("wait", 1))
        elif status == 403 and told.get("bits") in range(MOST_BITS + 1) and solved < CHALLENGES:
            solved += 1
            found = solution(str(told.get("challenge")), told["bits"])
            body = {"challenge": found.token, "work": found.work}
        else:
            return status, told
