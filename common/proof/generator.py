"""One process of the crowd: `python -m common.proof.generator`, started by common.proof.crowd.

Reads its job (one line of JSON) and then the start (seconds since 1970, another line) from stdin; writes
{"ready": true}, then one history line per press as its answer comes, to stdout. Ends early when stdin closes.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from contextlib import suppress
from http import HTTPStatus
from random import Random
from typing import Any

import aiohttp

from common.proof.history import Answer, Told, end_of, understand
from common.work import enter

SINCE_1970 = time.time() - time.monotonic()  # read once: a clock that is set in mid-run moves no latency
FIRST_LOOK, LAST_LOOK = 0.1, 5.0  # seconds between two looks at a ticket, at first and in the end
LEAVE = 0.1  # of a buyer's patience: who would have no more left to wait for the answer does not come again
LOOK_PATIENCE = aiohttp.ClientTimeout(total=20)  # for one look: the next one may be answered
MOST_OPEN = 10_240  # connections of one generator: files, of which shells allow only 1,024


def now() -> float:
    """Seconds since 1970, never backwards."""
    return SINCE_1970 + time.monotonic()


class Generator:
    """Presses at the planned times, each press on its own: none waits for the answer to another.

    If the crowd comes again, who is sent away with nothing taken sends the same press once more, until there
    is another answer or the buyer gives up.
    """

    def __init__(self, session: aiohttp.ClientSession, job: dict[str, Any]) -> None:
        self._session = session
        self._job = job
        self._entry: str | None = None  # of a sale that has a door

    async def check(self) -> None:
        """See that the shop answers, has the sale, and knows the first buyer's token."""
        headers = {"Authorization": f"Bearer {self._job['tokens'][0]}"}
        for path in (f"/api/sales/{self._job['sale_id']}", "/api/orders"):
            async with self._session.get(self._job["url"] + path, headers=headers) as answer:
                if answer.status != 200:
                    raise aiohttp.ClientError(f"the shop answered {answer.status}")
                self._entry = self._entry or entry_of(parsed(await answer.text(errors="replace")))

    async def press_all(self, start: float) -> None:
        async with asyncio.TaskGroup() as group:
            for press, token in zip(self._job["presses"], self._job["tokens"], strict=True):
                group.create_task(self._press(start + press["at"], press, token))

    async def _press(self, planned_at: float, press: dict[str, Any], token: str) -> None:
        await asyncio.sleep(planned_at - now())
        sent_at, give_up, sent_away = now(), planned_at + self._job["patience"], 0
        permit: dict[str, Any] = {}
        chance = Random(press["key"])
        answer, said = await self._send(press, permit, token, give_up)
        while self._job["comes_again"] and answer.come_again:
            pause = pause_of(said, sent_away, chance)
            if now() + pause > give_up - self._job["patience"] * LEAVE:
                break
            await asyncio.sleep(pause)
            sent_away += 1
            answer, said = await self._send(press, permit, token, give_up)
        answered_at = now() if answer.status else None
        end = await self._follow(answer, token, give_up)
        told = Told(
            attempt=press["number"],
            buyer_id=press["buyer_id"],
            quantity=press["quantity"],
            key=press["key"],
            planned_at=planned_at,
            sent_at=sent_at,
            answered_at=answered_at,
            ended_at=None if end.open else now() if end.ticket_id else answered_at,
            sent_away=sent_away,
            **end._asdict(),
        )
        tell(told.to_line())

    async def _follow(self, answer: Answer, token: str, give_up: float) -> Answer:
        """What a ticket ends as: looked at soon, then more and more rarely, so that looks alone sink no shop.

        Any other answer is its own end; so is a ticket that has not ended when the buyer gives up.
        """
        pause = FIRST_LOOK
        while answer.ticket_id and now() + pause < give_up:
            await asyncio.sleep(pause)
            if end := end_of(await self._look(f"/api/tickets/{answer.ticket_id}", token)):
                return end._replace(ticket_id=answer.ticket_id)
            pause = min(2 * pause, LAST_LOOK)
        return answer

    async def _look(self, path: str, token: str) -> object:
        """The JSON of an address; None without a success, which is no end: it may come in a moment."""
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with self._session.get(
                self._job["url"] + path, headers=headers, timeout=LOOK_PATIENCE
            ) as answer:
                return parsed(await answer.text(errors="replace")) if answer.status == 200 else None
        except (aiohttp.ClientError, OSError):
            return None

    async def _send(
        self, press: dict[str, Any], permit: dict[str, Any], token: str, give_up: float
    ) -> tuple[Answer, dict[str, Any]]:
        """Through the door, where there is one, and the press. Who is not let in has pressed nothing.

        `permit` is what the door gave, and is kept there: a press that was sent away has not used it up.
        """
        if self._entry and not permit:
            answer, told = await self._enter(self._entry, token, give_up)
            if "permit" not in told:
                return answer, told
            permit["permit"] = told["permit"]
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": press["key"]}
        path = f"/api/sales/{self._job['sale_id']}/orders"
        try:
            async with asyncio.timeout(give_up - now()):
                status, told = await self._post(path, {"quantity": press["quantity"], **permit}, headers)
        except TimeoutError:
            status, told = 0, {"error": "TimeoutError"}
        # Without an answer it may have arrived all the same: nobody knows what became of it.
        return understand(status, told) if status else Answer(None, "unknown", told["error"]), told

    async def _enter(self, path: str, token: str, give_up: float) -> tuple[Answer, dict[str, Any]]:
        """What the door said in the end. Who is still waiting when they give up has got nothing, for sure."""
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with asyncio.timeout(give_up - now()):
                status, told = await enter(lambda body: self._post(path, body, headers))
        except TimeoutError:
            return Answer(HTTPStatus.ACCEPTED, "refused", "no_place"), {}
        return understand(status, told) if status else Answer(None, "refused", told["error"]), told

    async def _post(self, path: str, body: object, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Status and document, with its Retry-After; 0 and the kind of error when there is no answer."""
        try:
            async with self._session.post(self._job["url"] + path, json=body, headers=headers) as answer:
                told = parsed(await answer.text(errors="replace"))
        except (aiohttp.ClientError, OSError) as error:  # a time-out is an OSError
            return 0, {"error": type(error).__name__}
        again = {"retry_after": answer.headers.get("Retry-After")}
        return answer.status, {**told, **again} if isinstance(told, dict) else again


def pause_of(said: dict[str, Any], sent_away: int, chance: Random) -> float:
    """Seconds until a buyer comes again who was sent away so often before: what the shop says or, by chance,
    up to twice that, and each time twice as long. A crowd that comes back at one pace keeps a shop down that
    is too slow for that pace; one that comes back at one moment is the spike once more."""
    return float(said.get("retry_after") or 1) * (1 + chance.random()) * 2.0**sent_away


def entry_of(sale: object) -> str | None:
    """Where a sale's door is, if it has one."""
    entry = sale.get("entry") if isinstance(sale, dict) else None
    return entry if isinstance(entry, str) else None


def parsed(text: str) -> object:
    """JSON, or None when it is none."""
    with suppress(ValueError):
        return json.loads(text)
    return None


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def work(job: dict[str, Any]) -> None:
    """The whole life of a generator."""
    timeout = aiohttp.ClientTimeout(total=job["patience"])
    connector = aiohttp.TCPConnector(limit=0)  # a pool's limit would make presses wait for answers
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        generator = Generator(session, job)
        await generator.check()
        tell(json.dumps({"ready": True}))
        start = float(sys.stdin.readline() or sys.exit())
        me = asyncio.current_task()
        assert me
        asyncio.get_running_loop().add_reader(sys.stdin, me.cancel)  # nothing more is said: this is its end
        await generator.press_all(start)


def main() -> None:
    few, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(few, min(most, MOST_OPEN)), most))
    job = json.loads(sys.stdin.readline() or sys.exit())
    try:
        with suppress(asyncio.CancelledError):
            asyncio.run(work(job))
    except (aiohttp.ClientError, OSError) as error:
        tell(json.dumps({"error": f"the crowd cannot buy at {job['url']}: {error or type(error).__name__}"}))


if __name__ == "__main__":
    main()
