"""Which share of the units bots get, on s08 and on s09, from the same crowd.

    .venv/bin/python -m tests.measurements.s09_bots docs/results/s09_bots.json

People and bots want the same hundred units, over real HTTP, each from an address of their own (all of
127.0.0.0/8 is this machine). People press when they have seen that the sale is open; bots know before. Who
does what, and when, is drawn once with a seed, and planned before the first request leaves; the same plan
meets every shop: s08, s09, and s09 with a part of its door switched off. The bots' accounts were made for
this sale; the people's are old, but for one in ten. All bots are one process: what their owners have to work
out, one core does for them. With more cores they get more, as far as it is the work that keeps them.

The attacks go by their names in the OWASP Automated Threat Handbook.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
from rich.console import Console
from rich.table import Table

from common.circumstances import circumstances
from common.demo.contest import open_sale
from common.lab import Lab
from common.lab.sockets import free_port
from common.running import Running, run_stage
from common.seed import demo_tokens
from common.stages import find
from common.work import MOST_BITS, enter
from stages.s09_permits.foils import secret_path
from stages.s09_permits.keeper import USUAL
from stages.s09_permits.risk import RULES

SEED, UNITS, LIMIT, PEOPLE = 9, 100, 2, 300
HEAD_START = 3.0  # seconds until the sale opens, in which everybody gets ready
LONGEST = 40.0  # seconds after the opening; a permit that nobody uses is free again after one minute at most
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
TOOL = "python-requests/2.32"
PATIENCE = aiohttp.ClientTimeout(total=15)

# What each kind does, how many accounts it has, and its name in the handbook.
PERSON = "person"
BOTS: Mapping[str, tuple[int, str]] = {
    "early fire": (20, "OAT-006 Expediting"),
    "replay": (10, "OAT-005 Scalping"),
    "forge": (20, "OAT-002 Token Cracking"),
    "many accounts, one address": (60, "OAT-019 Account Creation"),
    "one account, many addresses": (2, "OAT-005 Scalping"),
    "headless pace": (30, "OAT-005 Scalping"),
    "token farming": (30, "OAT-009 CAPTCHA Defeat"),
    "hold and never buy": (60, "OAT-021 Denial of Inventory"),
    "fills in everything": (10, "OAT-017 Spamming"),
}
SHOPS: Mapping[str, Mapping[str, int]] = {
    "s08": {},
    "s09": {},
    "s09 without rules": {rule.name: 0 for rule in RULES},
    "s09 without work": {"bits": 0},
}
ACCOUNTS = PEOPLE + sum(count for count, _ in BOTS.values())


@dataclass(frozen=True)
class Plan:
    """One visitor: account, kind, address, and when they act (seconds after the opening)."""

    account: int
    kind: str
    address: str
    at: float


def plans(seed: int = SEED) -> list[Plan]:
    """Everybody. A person needs a moment to see that the button is there, and to press it: 0.3 s at least."""
    random = Random(seed)
    made = [Plan(n, PERSON, address(n), 0.3 + random.lognormvariate(0.0, 0.6)) for n in range(1, PEOPLE + 1)]
    for kind, (count, _) in BOTS.items():
        for _ in range(count):
            n = len(made) + 1
            shared = kind in ("many accounts, one address", "fills in everything")
            early = -1.0 if kind == "early fire" else 0.0
            made.append(Plan(n, kind, address(0 if shared else n), early + random.uniform(0, 0.05)))
    return made


def address(n: int, nth: int = 0) -> str:
    return f"127.{20 + nth}.{n >> 8}.{n & 255 or 250}"


def behaviour(kind: str) -> str:
    """The method of `Visitor` that does it."""
    return kind.replace(", ", "_").replace(" ", "_")


@dataclass(frozen=True)
class Sale:
    """Where, and from when on (seconds since 1970)."""

    url: str
    sale_id: int
    opens: float
    has_door: bool


class Visitor:
    """One connection to the shop: what a person's page does, and what bots do instead."""

    def __init__(self, plan: Plan, token: str, sale: Sale) -> None:
        self.plan = plan
        self.sale = sale
        self.token = token
        self.visits = 0
        self.late = 0.0  # seconds after the plan: the generator's fault, not the shop's
        self.answers: Counter[str] = Counter()

    async def act(self) -> None:
        behave = getattr(self, behaviour(self.plan.kind))
        await asyncio.sleep(self.sale.opens + self.plan.at - time.time())
        self.late = time.time() - self.sale.opens - self.plan.at
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST - self.plan.at), self.client(self.plan.address) as http:
                await behave(http)

    def client(self, address: str, device: str = BROWSER) -> aiohttp.ClientSession:
        named = device if self.plan.kind in (PERSON, "headless pace") else TOOL
        headers = {"Authorization": f"Bearer {self.token}", "User-Agent": named}
        if named == BROWSER:
            headers["Referer"] = f"{self.sale.url}/sales/{self.sale.sale_id}"
        connector = aiohttp.TCPConnector(local_addr=(address, 0), limit=0)
        return aiohttp.ClientSession(self.sale.url, headers=headers, connector=connector, timeout=PATIENCE)

    # What everybody can do.

    async def post(
        self, http: aiohttp.ClientSession, what: str, body: object, key: str = ""
    ) -> tuple[int, Any]:
        path, headers = f"/api/sales/{self.sale.sale_id}/{what}", {"Idempotency-Key": key} if key else {}
        try:
            async with http.post(path, json=body, headers=headers) as answer:
                told = await answer.json(content_type=None)
        except (aiohttp.ClientError, OSError, ValueError):
            return 0, {}
        self.answers[f"{what} {told.get('code', answer.status)}"] += 1
        return answer.status, told

    async def permit(self, http: aiohttp.ClientSession, most_bits: int = MOST_BITS) -> str | None:
        """Through the door, if there is one: None when it stays shut. "" where there is none."""
        if not self.sale.has_door:
            return ""

        async def ask(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
            self.visits += 1
            status, told = await self.post(http, "entry", body)
            return (0, {}) if told.get("bits", 0) > most_bits else (status, told)

        _, told = await enter(ask)
        return told.get("permit")

    async def press(
        self, http: aiohttp.ClientSession, permit: str | None, quantity: int, key: str = "k"
    ) -> bool:
        """One press; whether it got its units."""
        shown = {"permit": permit} if permit else {}
        status, _ = await self.post(http, "orders", {"quantity": quantity, **shown}, key)
        return status == 202

    # What each kind does. Bots want as much as one account may have.

    async def person(self, http: aiohttp.ClientSession) -> None:
        permit = await self.permit(http)
        if permit is not None:
            await self.press(http, permit, 1)

    async def early_fire(self, http: aiohttp.ClientSession) -> None:
        """From a second before the opening on, twenty times a second."""
        for n in range(60):
            permit = await self.permit(http)
            if permit is not None and await self.press(http, permit, LIMIT, f"early{n}"):
                return
            await asyncio.sleep(0.05)

    async def replay(self, http: aiohttp.ClientSession) -> None:
        """One permit, shown again and again, each time for another unit."""
        permit = await self.permit(http)
        if permit is not None:
            for n in range(4):
                await self.press(http, permit, 1, f"replay{n}")

    async def forge(self, http: aiohttp.ClientSession) -> None:
        """Makes its permits itself: a path worked out, a signature guessed."""
        for n, permit in enumerate((secret_path(self.plan.account), "a2V5.WzEsMV0.c2ln", "0" * 64)):
            if await self.press(http, permit, LIMIT, f"forged{n}"):
                return

    async def many_accounts_one_address(self, http: aiohttp.ClientSession) -> None:
        permit = await self.permit(http)
        if permit is not None:
            await self.press(http, permit, LIMIT)

    async def one_account_many_addresses(self, http: aiohttp.ClientSession) -> None:
        """Forty at once: what one of them is not given another one may be."""

        async def from_another(nth: int) -> None:
            async with self.client(address(self.plan.account, nth)) as other:
                permit = await self.permit(other)
                if permit is not None:
                    await self.press(other, permit, LIMIT, f"from{nth}")

        await asyncio.gather(*[from_another(nth) for nth in range(1, 41)])

    async def headless_pace(self, http: aiohttp.ClientSession) -> None:
        """A browser in every respect but one: nobody sits before it."""
        permit = await self.permit(http)
        if permit is not None:
            await self.press(http, permit, LIMIT)

    async def token_farming(self, http: aiohttp.ClientSession) -> None:
        """Collects as many permits as it is given, then uses them all."""
        permits = [await self.permit(http) for _ in range(6)]
        for n, permit in enumerate(permits):
            if permit is not None:
                await self.press(http, permit, 1, f"farm{n}")

    async def hold_and_never_buy(self, http: aiohttp.ClientSession) -> None:
        """Takes a place from somebody, and does nothing with it. Where there is no door, nothing at all."""
        await self.permit(http)

    async def fills_in_everything(self, http: aiohttp.ClientSession) -> None:
        """A form is a form: every field gets something."""
        if self.sale.has_door:
            await self.post(http, "entry", {"website": "http://followers.example"})
        permit = await self.permit(http)
        if permit is not None:
            await self.press(http, permit, LIMIT)


def get_ready() -> None:
    """As many connections as a crowd has: each is a file, and shells allow few."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(10_240, most), most))


def play(sale: Sale, some: Sequence[Plan], tokens: Sequence[str]) -> list[dict[str, Any]]:
    """These visitors, in this process."""

    async def everybody() -> list[Visitor]:
        visitors = [Visitor(plan, token, sale) for plan, token in zip(some, tokens, strict=True)]
        await asyncio.gather(*[visitor.act() for visitor in visitors])
        return visitors

    used = time.process_time()
    met = asyncio.run(everybody())
    used = time.process_time() - used
    return [
        {"kind": v.plan.kind, "visits": v.visits, "answers": v.answers, "late": v.late, "cpu": used}
        for v in met
    ]


def contest(lab: Lab, name: str, changed: Mapping[str, int]) -> dict[str, Any]:
    """The same crowd at one shop; who got how much, as the database has it."""
    running = run_stage(lab, find(name[:3]), port=free_port(), buyers=ACCOUNTS)
    try:
        everybody = plans()
        tokens = dict(enumerate(demo_tokens(running.settings, ACCOUNTS), start=1))
        groups = [[p for p in everybody if (p.kind == PERSON) == people] for people in (True, False)]
        with ExitStack() as both:
            sides = [
                both.enter_context(ProcessPoolExecutor(1, get_context("spawn"), get_ready)) for _ in groups
            ]
            wait([side.submit(time.time) for side in sides])
            sale = new_sale(running, {**USUAL, **changed})
            playing = [
                side.submit(play, sale, some, [tokens[p.account] for p in some])
                for side, some in zip(sides, groups, strict=True)
            ]
            told = [each for one in playing for each in one.result()]
        owned = units_of(running, sale.sale_id)
        return summary(name, everybody, told, owned)
    finally:
        for process in running.processes:
            process.stop()


def new_sale(running: Running, door: Mapping[str, int]) -> Sale:
    """It opens in a moment; nine in ten of the people's accounts are a month old."""
    with running.database() as db:
        db.run(
            "UPDATE buyers SET created_at = %s WHERE id <= %s AND id %% 10 > 0",
            *(datetime.now(UTC) - timedelta(days=30), PEOPLE),
        )
    opens = time.time() + HEAD_START
    sale_id = open_sale(running, UNITS, LIMIT, opens_in=HEAD_START)
    if running.has_door:
        with running.redis() as redis:  # nobody has been here before
            for key in redis.scan_iter(match="s09:{door}:*"):
                redis.delete(key)
        running.admin("PATCH", "/api/admin/door", dict(door))
    return Sale(running.url, sale_id, opens, running.has_door)


def units_of(running: Running, sale_id: int) -> dict[int, int]:
    """Units by account, once every order is written."""
    deadline, before = time.monotonic() + 30, -1
    while time.monotonic() < deadline:
        with running.database() as db:
            rows = db.all(
                "SELECT buyer_id, SUM(quantity) AS units FROM orders WHERE sale_id = %s GROUP BY buyer_id",
                sale_id,
            )
        if len(rows) == before:
            break
        before = len(rows)
        time.sleep(1)
    return {row["buyer_id"]: int(row["units"]) for row in rows}


def summary(
    name: str, everybody: Sequence[Plan], told: Sequence[dict[str, Any]], owned: Mapping[int, int]
) -> dict[str, Any]:
    kinds = [PERSON, *BOTS]
    got = {kind: sum(owned.get(p.account, 0) for p in everybody if p.kind == kind) for kind in kinds}
    sold = sum(got.values())
    answers: dict[str, Counter[str]] = {
        kind: sum((each["answers"] for each in told if each["kind"] == kind), Counter()) for kind in kinds
    }
    return {
        "shop": name,
        "sold": sold,
        "to_bots": sold - got[PERSON],
        "share_of_bots": round((sold - got[PERSON]) / sold, 3) if sold else None,
        "people_served": sum(p.kind == PERSON and p.account in owned for p in everybody),
        "units": got,
        "visits": {kind: sum(each["visits"] for each in told if each["kind"] == kind) for kind in kinds},
        "answers": {kind: dict(sorted(found.items())) for kind, found in answers.items()},
        "latest_ms": {
            side: round(1000 * max(each["late"] for each in told if (each["kind"] == PERSON) == people))
            for side, people in (("people", True), ("bots", False))
        },
        "cpu_seconds": {
            side: round(max(each["cpu"] for each in told if (each["kind"] == PERSON) == people), 1)
            for side, people in (("people", True), ("bots", False))
        },
    }


def main(file: Path) -> None:
    with Lab(("mysql", "redis"), say=print) as lab:
        found = [contest(lab, name, changed) for name, changed in SHOPS.items()]
    about = circumstances("python -m tests.measurements.s09_bots docs/results/s09_bots.json")
    plan = {"seed": SEED, "units": UNITS, "limit": LIMIT, "people": PEOPLE, "door": dict(USUAL)}
    bots = {kind: {"accounts": count, "threat": threat} for kind, (count, threat) in BOTS.items()}
    file.write_text(json.dumps({**about, **plan, "bots": bots, "shops": found}, indent=1) + "\n")
    show(found)


def show(found: Sequence[Mapping[str, Any]]) -> None:
    table = Table("units", *(each["shop"] for each in found))
    for kind in found[0]["units"]:
        table.add_row(kind, *(str(each["units"][kind]) for each in found))
    table.add_row("share of bots", *(f"{each['share_of_bots']:.0%}" for each in found))
    table.add_row("latest, in ms", *(str(list(each["latest_ms"].values())) for each in found))
    table.add_row("CPU of people, bots", *(str(list(each["cpu_seconds"].values())) for each in found))
    Console().print(table)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
