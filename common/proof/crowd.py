"""The crowd: many buyers pressing at their own times, over real HTTP, from several processes.

Open loop: when a buyer presses is planned before the first request leaves, and no slow answer delays the next
press. A closed loop ("send, wait, send") asks less often the slower the shop gets, and so never sees what its
users see (coordinated omission). Latency therefore counts from the planned press.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

from common.proof.history import Told, merge

MOST_PRESSES = 200_000
LONGEST = 600.0  # seconds
HEAD_START = 0.1  # seconds from "go" to the first press, so that every generator has heard it
ROOT = Path(__file__).parent.parent.parent

Shape = Callable[[Random], float]
"""Draws the moment of one press, in seconds after the start."""


class CrowdError(Exception):
    """The crowd could not do its work, so what it saw proves nothing. The text is one sentence."""


@dataclass(frozen=True)
class Press:
    """One planned press of the buy button, `at` seconds after the start."""

    number: int
    at: float
    buyer_id: int
    quantity: int
    key: str


@dataclass(frozen=True)
class Target:
    """The sale that the crowd is after. `tokens` are the buyers' bearer tokens, by buyer id."""

    url: str
    sale_id: int
    tokens: Mapping[int, str]


@dataclass(frozen=True)
class Mood:
    """What the buyers are like: the share that wants two units, and the share that is impatient.

    An impatient buyer presses `presses` times at once, each time with a key of its own, as from several open
    tabs: several purchases, not one sent again.
    """

    wants_two: float = 0.5
    impatient: float = 0.5
    presses: int = 3


USUAL = Mood()


def spike(spread: float) -> Shape:
    """Everybody within `spread` seconds, evenly: the moment a flash sale opens."""
    return lambda random: random.uniform(0, spread)


def ramp(seconds: float) -> Shape:
    """More and more: the rate grows from nothing, in a straight line."""
    return lambda random: seconds * random.random() ** 0.5


def plateau(seconds: float) -> Shape:
    """A steady stream. What a spike is to a second, this is to a minute."""
    return spike(seconds)


def plan(buyers: Sequence[int], shape: Shape, seed: int, mood: Mood = USUAL) -> list[Press]:
    """Who presses when, for how many. The same buyers and seed give the same plan, on any machine."""
    random = Random(seed)
    wishes: list[tuple[float, int, int]] = []
    for buyer in buyers:
        at = shape(random)
        quantity = 2 if random.random() < mood.wants_two else 1
        times = mood.presses if random.random() < mood.impatient else 1
        wishes += [(at, buyer, quantity)] * times
    return [
        Press(number, at, buyer, quantity, key=f"crowd-{seed}-{number}")
        for number, (at, buyer, quantity) in enumerate(sorted(wishes))
    ]


def run(
    target: Target,
    presses: Sequence[Press],
    *,
    processes: int = 2,
    patience: float = 15,
    comes_again: bool = False,
    on_told: Callable[[Told], None] = lambda _: None,
) -> list[Told]:
    """Send the crowd; what each buyer was told, merged. `on_told` hears of every answer as it comes.

    A buyer gives up `patience` seconds after pressing, and counts as told "unknown". If the crowd
    `comes_again`, a buyer who is sent away presses again, and who is sent away to the end counts as refused.
    Guarantees one `Told` for every press, or `CrowdError`; ends by itself, and its generators end with it,
    however it ends. Does not guarantee that presses leave on time: the gap from `planned_at` to `sent_at`
    says how late they were.
    """
    longest = max((press.at for press in presses), default=0.0) + patience + 30
    if len(presses) > MOST_PRESSES or longest > LONGEST:
        raise CrowdError(
            f"a crowd is at most {MOST_PRESSES:,} presses within {LONGEST:.0f} seconds, start and patience"
            f" included; this one is {len(presses):,} within {longest:.0f}"
        )
    strangers = {press.buyer_id for press in presses} - set(target.tokens)
    if strangers:
        raise CrowdError(f"there is no token for buyer {min(strangers)} (and {len(strangers) - 1} more)")
    buyers = {"patience": patience, "comes_again": comes_again}
    jobs = [_job(target, presses[nth::processes]) | buyers for nth in range(processes)]
    try:
        history = asyncio.run(_run([job for job in jobs if job["presses"]], longest, on_told))
    except TimeoutError:
        raise CrowdError(f"the crowd did not end within {longest:.0f} seconds") from None
    if len(history) != len(presses):
        raise CrowdError(f"of {len(presses)} presses, {len(history)} came back")
    return history


def _job(target: Target, presses: Sequence[Press]) -> dict[str, Any]:
    return {
        "url": target.url,
        "sale_id": target.sale_id,
        "presses": [asdict(press) for press in presses],
        "tokens": [target.tokens[press.buyer_id] for press in presses],
    }


async def _run(jobs: Sequence[dict[str, Any]], longest: float, on_told: Callable[[Told], None]) -> list[Told]:
    async with AsyncExitStack() as stack, asyncio.timeout(longest):
        generators = [await stack.enter_async_context(_generator(job)) for job in jobs]
        await asyncio.gather(*[_read(generator) for generator in generators])  # "ready", each of them
        start = time.time() + HEAD_START
        for generator in generators:
            _write(generator, start)
        return merge(await asyncio.gather(*[_listen(generator, on_told) for generator in generators]))


@asynccontextmanager
async def _generator(job: dict[str, Any]) -> AsyncIterator[Process]:
    """One generator process with its job. It ends when its stdin closes, also because we died."""
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "common.proof.generator"],
        stdin=PIPE,
        stdout=PIPE,
        stderr=STDOUT,
        cwd=ROOT,
        start_new_session=True,  # Ctrl-C is ours to handle
    )
    try:
        _write(process, job)
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        assert process.stdin
        process.stdin.close()
        with suppress(OSError):  # what it had not read yet is lost, and nobody needs to hear of it
            await process.stdin.wait_closed()


def _write(generator: Process, message: object) -> None:
    assert generator.stdin
    generator.stdin.write(json.dumps(message).encode() + b"\n")


async def _read(generator: Process) -> str:
    """The next line the generator says; "" at its end. What is no JSON is its last words: a crash."""
    assert generator.stdout
    line = (await generator.stdout.readline()).decode()
    if line.startswith("{") and not line.startswith('{"error"'):
        return line
    if line.startswith("{"):
        raise CrowdError(json.loads(line)["error"])
    last_words = (line + (await generator.stdout.read()).decode()).strip().splitlines()
    if last_words or await generator.wait():
        raise CrowdError(f"a generator crashed: {last_words[-1] if last_words else 'without a word'}")
    return ""


async def _listen(generator: Process, on_told: Callable[[Told], None]) -> list[Told]:
    history = []
    while line := await _read(generator):
        history.append(Told.from_line(line))
        on_told(history[-1])
    return history
