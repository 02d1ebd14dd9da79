"""Proof of work, from the side of who has to do it: programs that press go through the door, too."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from http import HTTPStatus
from itertools import count
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from common.shop import Solution

Told = tuple[int, dict[str, Any]]
"""What the door answered: status and document; (0, {}) when it did not."""

CHALLENGES = 3  # that a program solves before it gives up
MOST_BITS = 24  # and what it takes on: about ten seconds of work
SLICE = 2000  # tries in a row
TIMEOUT = 10.0  # seconds for one request


def zero_bits(token: str, work: str) -> int:
    """With how many zero bits the SHA-256 of "token:work" begins."""
    return 256 - int.from_bytes(sha256(f"{token}:{work}".encode()).digest()).bit_length()


def solution(token: str, bits: int) -> Solution:
    """Find it: 2^bits tries on average, about a microsecond each. Nobody finds it quicker than by trying."""
    found = (among(token, bits, range(first, first + SLICE)) for first in count(0, SLICE))
    return next(filter(None, found))


async def solve(token: str, bits: int) -> Solution:
    """The same, and every few milliseconds others get a turn."""
    for first in count(0, SLICE):
        if found := among(token, bits, range(first, first + SLICE)):
            return found
        await asyncio.sleep(0)
    raise AssertionError("count() never ends")


def among(token: str, bits: int, numbers: range) -> Solution | None:
    """The first of these numbers that is the work, if one of them is."""
    begun = sha256(f"{token}:".encode())
    for number in numbers:
        tried = begun.copy()
        tried.update(b"%d" % number)
        if int.from_bytes(tried.digest()) >> (256 - bits) == 0:
            return Solution(token, work=str(number))
    return None


async def enter(ask: Callable[[dict[str, Any]], Awaitable[Told]]) -> Told:
    """Go through a door: `ask` posts a body to the sale's `entry`, and says what came back. Solves what the
    door asks, and waits as long as it says. The last answer: a permit, or why there is none."""
    solved, body = 0, dict[str, Any]()
    while True:
        status, told = await ask(body)
        bits = told.get("bits", -1)
        if status == HTTPStatus.ACCEPTED:
            await asyncio.sleep(float(told.get("wait", 1)))
        elif status == HTTPStatus.FORBIDDEN and bits in range(MOST_BITS + 1) and solved < CHALLENGES:
            solved += 1
            found = await solve(str(told.get("challenge")), bits)
            body = {"challenge": found.token, "work": found.work}
        else:
            return status, told


def enter_at(url: str, token: str) -> Told:
    """The same over HTTP, for who has nothing else to do meanwhile. `url` is that of the sale's `entry`."""

    async def ask(body: dict[str, Any]) -> Told:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - the user named it
        try:
            with urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                return answer.status, json.load(answer)
        except HTTPError as error:
            with error:
                return error.code, json.load(error)

    with ThreadPoolExecutor(1) as elsewhere:  # whoever asks may have a loop of their own
        return elsewhere.submit(lambda: asyncio.run(enter(ask))).result()


if __name__ == "__main__":  # python -m common.work URL TOKEN prints a permit
    print(enter_at(*sys.argv[1:])[1].get("permit", ""))  # noqa: T201
