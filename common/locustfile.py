"""People at a flash sale, for locust: they look around, look at a sale, and press the button.

    locust -f common/locustfile.py --host http://127.0.0.1:8000

Each user is another demo buyer, also when several locusts share the crowd (`--processes 2`, or `--master` and
`--worker` on several machines). Tokens are made here, with the SECRET_KEY of the shop, and cost it nothing.
"""

from __future__ import annotations

import itertools
import random
from typing import Any

import gevent
from locust import FastHttpUser, between, task

from common.seed import demo_buyer
from common.settings import Settings
from common.tokens import issue_token
from common.web.answers import LOOK_AGAIN
from common.work import solution

EXPECTED = {403, 409, 410}  # not open yet, sold out, limit reached, ended: clear answers, no failures
MOST = 10_000  # users of one locust
numbers = itertools.count(1)


class Buyer(FastHttpUser):
    """One demo buyer, who thinks for half a second to two between two requests."""

    wait_time = between(0.5, 2)

    def on_start(self) -> None:
        nth_locust = getattr(self.environment.runner, "worker_index", 0)
        token = issue_token(Settings.from_env(), demo_buyer(nth_locust * MOST + next(numbers)))
        self.headers = {"Authorization": f"Bearer {token}"}
        self.sales: list[dict[str, Any]] = []
        self.look_around()

    @task(5)
    def look_around(self) -> None:
        with self.client.get("/api/sales", catch_response=True) as answer:
            if answer.status_code == 200:
                self.sales = answer.json()["sales"]

    @task(10)
    def look_at_a_sale(self) -> None:
        if self.sales:
            self.client.get(f"/api/sales/{random.choice(self.sales)['id']}", name="/api/sales/{id}")

    @task(3)
    def look_at_a_page(self) -> None:
        self.client.get("/", name="/ (page)")

    @task(3)
    def buy(self) -> None:
        if not self.sales:
            return
        sale = random.choice(self.sales)
        permit = {"permit": self.enter(sale["entry"])} if sale["entry"] else {}
        if None in permit.values():
            return
        with self.client.post(
            f"/api/sales/{sale['id']}/orders",
            name="/api/sales/{id}/orders",
            json={"quantity": 1, **permit},
            headers=self.headers,
            catch_response=True,
        ) as answer:
            if answer.status_code in EXPECTED:
                answer.success()
            ticket = answer.json()["id"] if answer.status_code == 202 else None
        if ticket:
            self.follow(ticket)

    def enter(self, entry: str) -> str | None:
        """Go through the door of a sale (from s09); the permit, if there is one at once."""
        body: dict[str, str] = {}
        for _ in range(2):
            with self.client.post(
                entry, name="/api/sales/{id}/entry", json=body, headers=self.headers, catch_response=True
            ) as answer:
                if answer.status_code in EXPECTED:
                    answer.success()
                told = answer.json()
            if "bits" not in told:
                break
            found = solution(told["challenge"], told["bits"])
            body = {"challenge": found.token, "work": found.work}
        permit: str | None = told.get("permit")
        return permit

    def follow(self, ticket: str) -> None:
        """Look at a ticket until it has ended, each look when the shop says (from s06)."""
        while True:
            gevent.sleep(LOOK_AGAIN)
            answer = self.client.get(f"/api/tickets/{ticket}", name="/api/tickets/{id}", headers=self.headers)
            if answer.status_code != 200 or "Retry-After" not in (answer.headers or {}):
                return
