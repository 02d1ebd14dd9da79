"""What the proofs of the web layer share: a site, and the people who use it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from common.buyers import Buyer
from common.proof import usual
from common.seed import ADMIN, add_buyers, demo_buyer
from common.settings import Settings
from common.shop import Sale
from common.tokens import issue_token
from common.web.context import EXTENSION, Context
from tests.conftest import Fresh, MakeApp, apps, tables

SIGNED_UP = 2  # buyers who can sign in with a password


class Site:
    """One stage's app on an empty database. Every buyer and every sale it makes is a new one."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.context: Context = app.extensions[EXTENSION]
        self.settings = self.context.backends.settings
        self.admin = ADMIN
        self._numbers = itertools.count(SIGNED_UP + 1)

    def sign_up(self) -> None:
        """buyer00001 … and admin get accounts and passwords. Who has a token needs none."""
        with self.context.backends.sql() as db:
            add_buyers(db, SIGNED_UP, datetime.now(UTC))

    def buyer(self) -> Buyer:
        return demo_buyer(next(self._numbers))

    def bearer(self, buyer: Buyer) -> dict[str, str]:
        return {"Authorization": f"Bearer {issue_token(self.settings, buyer)}"}

    def draft(self, units: int = 1000, **fields: Any) -> Sale:
        terms = usual.terms(self.context.backends.clock(), limit=100, price_cents=1000)
        return self.context.backoffice.create({**terms, **fields}, units)

    def sale(self, units: int = 1000, **fields: Any) -> Sale:
        return self.context.backoffice.publish(self.draft(units, **fields).id)

    def call(self, method: str, path: str, by: Buyer | None = None, **options: Any) -> TestResponse:
        """One request of a client that keeps no cookies."""
        headers = {**(self.bearer(by) if by else {}), **options.pop("headers", {})}
        client = self.app.test_client(use_cookies=False)
        return client.open(path, method=method, headers=headers, **options)

    def buy(self, sale: Sale, by: Buyer, quantity: int = 1, **options: Any) -> TestResponse:
        return self.call("POST", f"/api/sales/{sale.id}/orders", by, json={"quantity": quantity}, **options)

    def contents(self) -> dict[str, int]:
        """A checksum of every table."""
        with self.context.backends.sql() as db:
            rows = db.all(f"CHECKSUM TABLE {', '.join(tables(db))}")
        return {row["Table"]: row["Checksum"] for row in rows}


@pytest.fixture
def site(fresh: Fresh, make_app: MakeApp) -> Site:
    """s01 on an empty database."""
    fresh("s01")
    return Site(make_app("s01"))


@pytest.fixture(scope="module")
def shared_site(fresh: Fresh, settings: Settings) -> Iterator[Site]:
    """The same, one for all tests of a module: for tests that each bring what they look at."""
    fresh("s01")
    with apps(settings) as make:
        yield Site(make("s01"))
