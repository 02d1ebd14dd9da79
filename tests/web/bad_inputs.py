"""Named bad inputs: each is a good request with one thing wrong, and the clear answer it must get."""

from __future__ import annotations

import hmac
import json
import time
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from common.buyers import Buyer
from common.tokens import LIFETIME, issue_token
from tests.web.conftest import Site

WINDOW = {"opens_at": "2026-11-11T00:00:00Z", "closes_at": "2026-11-12T00:00:00Z"}
PRICES = {"price_cents": 100, "list_price_cents": 200}
SALE = {"title": "Tea", "title_zh": "茶", "image": "tea", "buyer_limit": 1, "units": 5, **WINDOW, **PRICES}


@dataclass
class Request:
    """One request."""

    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    by: Buyer | None = None

    def options(self) -> dict[str, Any]:
        """For werkzeug's client. A body that is bytes is sent as it is, under the usual content type."""
        if self.body is None:
            return {"headers": self.headers}
        raw = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        return {"headers": {"Content-Type": "application/json", **self.headers}, "data": raw}


Good = Callable[[Site], Request]


def buy(site: Site) -> Request:
    return Request("POST", f"/api/sales/{site.sale().id}/orders", {"quantity": 1}, by=site.buyer())


def sign_in(_: Site) -> Request:
    return Request("POST", "/api/session", {"name": "buyer00001", "password": "demo"})


def show_sale(site: Site) -> Request:
    return Request("GET", f"/api/sales/{site.sale().id}")


def show_order(site: Site) -> Request:
    buyer = site.buyer()
    return Request("GET", site.buy(site.sale(), buyer).headers["Location"], by=buyer)


def list_orders(site: Site) -> Request:
    return Request("GET", "/api/orders", by=site.buyer())


def who_am_i(site: Site) -> Request:
    return Request("GET", "/api/session", by=site.buyer())


def list_all(site: Site) -> Request:
    return Request("GET", "/api/admin/sales", by=site.admin)


def create(site: Site) -> Request:
    return Request("POST", "/api/admin/sales", SALE, by=site.admin)


def show_draft(site: Site) -> Request:
    return Request("GET", f"/api/admin/sales/{site.draft().id}", by=site.admin)


def change(site: Site) -> Request:
    return Request("PATCH", f"/api/admin/sales/{site.sale().id}", {"price_cents": 900}, by=site.admin)


def publish(site: Site) -> Request:
    return Request("POST", f"/api/admin/sales/{site.draft().id}/publish", by=site.admin)


def close(site: Site) -> Request:
    return Request("POST", f"/api/admin/sales/{site.sale().id}/close", by=site.admin)


def restock(site: Site) -> Request:
    return Request("POST", f"/api/admin/sales/{site.sale(units=3).id}/restock", {"units": 5}, by=site.admin)


BACK_OFFICE: tuple[Good, ...] = (list_all, create, show_draft, change, publish, close, restock)

Spoil = Callable[[Site, Request], None]


@dataclass(frozen=True)
class Bad:
    """A good request, what makes it bad, and the answer. `field`: which one the answer must name."""

    good: Good
    spoil: Spoil
    status: int
    code: str
    field: str | None = None


def body(value: Any) -> Spoil:
    def spoil(_: Site, request: Request) -> None:
        request.body = value

    return spoil


def member(**values: Any) -> Spoil:
    """Put `values` into the body."""

    def spoil(_: Site, request: Request) -> None:
        request.body = {**request.body, **values}

    return spoil


def without(name: str) -> Spoil:
    def spoil(_: Site, request: Request) -> None:
        request.body = {key: value for key, value in request.body.items() if key != name}

    return spoil


def header(name: str, value: str) -> Spoil:
    def spoil(_: Site, request: Request) -> None:
        request.headers[name] = value

    return spoil


def path(value: str) -> Spoil:
    def spoil(_: Site, request: Request) -> None:
        request.path = value

    return spoil


def method(value: str) -> Spoil:
    def spoil(_: Site, request: Request) -> None:
        request.method = value

    return spoil


def a_buyer(site: Site, request: Request) -> None:
    request.by = site.buyer()


def nobody(_: Site, request: Request) -> None:
    request.by = None


def sale_that(opens: int = -1, closes: int = 1, **terms: Any) -> Spoil:
    """Buy in a sale with these terms; its window in hours from now."""

    def spoil(site: Site, request: Request) -> None:
        now = site.context.backends.clock()
        window = {"opens_at": now + timedelta(hours=opens), "closes_at": now + timedelta(hours=closes)}
        request.path = f"/api/sales/{site.sale(**window, **terms).id}/orders"

    return spoil


def both(*spoils: Spoil) -> Spoil:
    def spoil(site: Site, request: Request) -> None:
        for each in spoils:
            each(site, request)

    return spoil


def closed_sale(site: Site, request: Request) -> None:
    request.path = f"/api/sales/{site.context.backoffice.close(site.sale().id).id}/orders"


def draft_sale(site: Site, request: Request) -> None:
    request.path = f"/api/sales/{site.draft().id}/orders"


def draft_shown(site: Site, request: Request) -> None:
    request.path = f"/api/sales/{site.draft().id}"


def moved(state: str) -> Spoil:
    """The sale that the request is about is already in `state`."""

    def spoil(site: Site, request: Request) -> None:
        sale = site.draft()
        if state != "draft":
            site.context.backoffice.publish(sale.id)
        if state == "closed":
            site.context.backoffice.close(sale.id)
        parts = request.path.split("/")
        parts[4] = str(sale.id)
        request.path = "/".join(parts)

    return spoil


def of_somebody_else(site: Site, request: Request) -> None:
    request.path = site.buy(site.sale(), site.buyer()).headers["Location"]


def authorization(make: Callable[[Site, str], str]) -> Spoil:
    """Send another Authorization header, made of the good token."""

    def spoil(site: Site, request: Request) -> None:
        assert request.by
        good = issue_token(site.settings, request.by)
        request.by = None
        request.headers["Authorization"] = make(site, good)

    return spoil


def signed(
    secret: str | None = None,
    purpose: str = "seckill bearer token",
    age: float = 0,
    digest: str = "sha256",
) -> Spoil:
    """A token that somebody else signed, or that we signed `age` seconds ago."""

    def make(site: Site, _: str) -> str:
        claim = base64([1, "buyer00001", "admin", int(time.time() + LIFETIME.total_seconds() - age)])
        key = hmac.digest((secret or site.settings.secret_key).encode(), purpose.encode(), "sha256")
        signature = urlsafe_b64encode(hmac.digest(key, claim.encode(), digest)).decode().rstrip("=")
        return f"Bearer {claim}.{signature}"

    return authorization(make)


def base64(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def as_admin(_: Site, good: str) -> str:
    """Our own signature under another payload."""
    return f"Bearer {base64([1, 'buyer00001', 'admin', 2**40])}.{good.partition('.')[2]}"


def as_cookie(site: Site, request: Request) -> None:
    """The token where it does not belong."""
    assert request.by
    request.headers["Cookie"] = f"s01_session={issue_token(site.settings, request.by)}"
    request.by = None


def as_query(site: Site, request: Request) -> None:
    assert request.by
    request.path += f"?access_token={issue_token(site.settings, request.by)}"
    request.by = None


def json_bytes(text: str) -> Spoil:
    """The body, letter by letter."""
    return body(text.encode("utf-8", "surrogatepass"))


def quantity(text: str, field: str = "quantity") -> Bad:
    return Bad(buy, json_bytes(f'{{"quantity": {text}}}'), 422, "invalid", field)


def shape(text: str | bytes) -> Bad:
    raw = text if isinstance(text, bytes) else text.encode()
    return Bad(buy, body(raw), 422, "invalid", "body")


def unknown(name: str, value: Any = 1) -> Bad:
    return Bad(buy, member(**{name: value}), 422, "invalid", name)


def media_type(value: str) -> Bad:
    return Bad(buy, header("Content-Type", value), 415, "unsupported_media_type")


def key(value: str) -> Bad:
    return Bad(buy, header("Idempotency-Key", value), 422, "invalid", "Idempotency-Key")


def no_sale(value: str) -> Bad:
    return Bad(buy, path(f"/api/sales/{value}/orders"), 404, "not_found")


def no_order(value: str) -> Bad:
    return Bad(show_order, path(f"/api/orders/{value}"), 404, "not_found")


def no_token(make: Callable[[Site, str], str]) -> Bad:
    return Bad(list_orders, authorization(make), 401, "unauthorized")


def term(name: str, value: Any) -> Bad:
    return Bad(create, member(**{name: value}), 422, "invalid", name)


def login(name: Any = "buyer00001", password: Any = "demo", field: str | None = None) -> Bad:
    status, code = (422, "invalid") if field else (401, "unauthorized")
    return Bad(sign_in, body({"name": name, "password": password}), status, code, field)


BAD: dict[str, Bad] = {
    # The number, which must be one.
    "quantity as a string": quantity('"1"'),
    "quantity as an empty string": quantity('""'),
    "quantity with a space": quantity('"1 "'),
    "quantity as SQL": quantity('"1; DROP TABLE orders"'),
    "quantity in full-width digits": quantity('"１"'),
    "quantity in Arabic digits": quantity('"١"'),
    "quantity as an emoji": quantity('"🍵"'),
    "quantity as a lone surrogate": quantity('"\\ud800"'),
    "quantity as a raw lone surrogate": quantity('"\ud800"', "body"),
    "quantity as an escaped NUL": quantity('"\\u0000"'),
    "quantity as a whole float": quantity("1.0"),
    "quantity as a fraction": quantity("1.5"),
    "quantity with an exponent": quantity("1e0"),
    "quantity as a float beyond all": quantity("1e999"),
    "quantity true": quantity("true"),
    "quantity false": quantity("false"),
    "quantity null": quantity("null"),
    "quantity as a list": quantity("[1]"),
    "quantity as an object": quantity('{"$gt": 0}'),
    "quantity zero": quantity("0"),
    "quantity minus zero": quantity("-0"),
    "quantity negative": quantity("-1"),
    "quantity above the most": quantity("101"),
    "quantity 2^31": quantity(str(2**31)),
    "quantity 2^63": quantity(str(2**63)),
    "quantity -2^63-1": quantity(str(-(2**63) - 1)),
    "quantity of 400 digits": quantity("9" * 400),
    "quantity of 5000 digits": quantity("9" * 5000, "body"),
    "quantity NaN": quantity("NaN", "body"),
    "quantity Infinity": quantity("Infinity", "body"),
    "quantity minus Infinity": quantity("-Infinity", "body"),
    "quantity in bare full-width digits": quantity("１", "body"),
    "quantity with a leading zero": quantity("01", "body"),
    "quantity in hexadecimal": quantity("0x1", "body"),
    "quantity with a plus": quantity("+1", "body"),
    "quantity with an underscore": quantity("1_0", "body"),
    "quantity missing": Bad(buy, body({}), 422, "invalid", "quantity"),
    # The body, which must be one JSON object.
    "body null": shape("null"),
    "body a list": shape('[{"quantity": 1}]'),
    "body a string": shape('"quantity"'),
    "body a number": shape("1"),
    "body empty": shape(""),
    "body white space": shape("  \n"),
    "body not JSON": shape("quantity=1"),
    "body cut short": shape('{"quantity": 1'),
    "body with a trailing comma": shape('{"quantity": 1,}'),
    "body with something behind": shape('{"quantity": 1} x'),
    "body two objects": shape('{"quantity": 1}{"quantity": 1}'),
    "body in single quotes": shape("{'quantity': 1}"),
    "body with a comment": shape('{"quantity": 1 /* one */}'),
    "body with a byte order mark": shape('\ufeff{"quantity": 1}'),
    "body in UTF-16": shape('{"quantity": 1}'.encode("utf-16")),
    "body in Latin-1": shape('{"é": 1}'.encode("latin-1")),
    "body with an overlong slash": shape(b'{"quantity": 1, "a": "\xc0\xaf"}'),
    "body with a raw NUL": shape('{"quantity": 1}\x00'),
    "body with a NUL in a string": shape('{"a\x00": 1}'),
    "body compressed, and not saying so": shape(zlib.compress(b'{"quantity": 1}')),
    "body of 20,000 nested lists": shape('{"quantity": ' + "[" * 20_000 + "]" * 20_000 + "}"),
    "body of 10,000 nested objects": shape('{"a":' * 10_000 + "1" + "}" * 10_000),
    "quantity twice": shape('{"quantity": 1, "quantity": 1}'),
    "quantity twice, the second one larger": shape('{"quantity": 1, "quantity": 100}'),
    "a field twice inside another": shape('{"quantity": {"a": 1, "a": 2}}'),
    "body of 64 KiB and one byte": Bad(buy, body(b'{"quantity": 1}'.ljust(65_537)), 413, "too_large"),
    "body of 10 MiB": Bad(buy, body(b" " * 10_485_760), 413, "too_large"),
    "body of 10 MiB where none is read": Bad(list_orders, body(b" " * 10_485_760), 413, "too_large"),
    # Fields that nobody asked for.
    "price in the body": unknown("price"),
    "price_cents in the body": unknown("price_cents"),
    "total_cents in the body": unknown("total_cents"),
    "buyer_id in the body": unknown("buyer_id"),
    "sale_id in the body": unknown("sale_id"),
    "status in the body": unknown("status", "paid"),
    "quantity in capitals": unknown("QUANTITY"),
    "__proto__ in the body": unknown("__proto__", {"quantity": 1}),
    "a field without a name": Bad(buy, member(**{"": 1}), 422, "invalid", "body"),
    "a field named by a lone surrogate": Bad(
        buy, json_bytes('{"quantity": 1, "\\ud800": 1}'), 422, "invalid", "body"
    ),
    "a field named in 60,000 letters": Bad(buy, member(**{"x" * 60_000: 1}), 422, "invalid", "x" * 64),
    "four thousand fields": Bad(buy, body({f"f{n}": n for n in range(4000)}), 422, "invalid", "quantity"),
    # The content type.
    "no content type": media_type(""),
    "content type text": media_type("text/plain"),
    "content type of a form": media_type("application/x-www-form-urlencoded"),
    "content type of an upload": media_type("multipart/form-data; boundary=x"),
    "content type almost JSON": media_type("application/jsonp"),
    "content type JSON patch": media_type("application/json-patch+json"),
    "content type nonsense": media_type("🍵"),
    # The Idempotency-Key.
    "key empty": key(""),
    "key of 65 characters": key("k" * 65),
    "key with a space": key("a b"),
    "key with a tab": key("a\tb"),
    "key with a NUL": key("a\x00b"),
    "key with a delete": key("a\x7fb"),
    "key with an accent": key("é"),
    "key in Chinese": key("秒杀"),
    "key an emoji": key("🍵"),
    # Sales that are none.
    "sale 0": no_sale("0"),
    "sale -1": no_sale("-1"),
    "sale +1": no_sale("+1"),
    "sale of 18 digits": no_sale("9" * 18),
    "sale 2^63-1": no_sale(str(2**63 - 1)),
    "sale 2^63": no_sale(str(2**63)),
    "sale of 20 digits": no_sale("9" * 20),
    "sale of 5000 digits": no_sale("9" * 5000),
    "sale 1.0": no_sale("1.0"),
    "sale 01": no_sale("01"),
    "sale 1e0": no_sale("1e0"),
    "sale 0x1": no_sale("0x1"),
    "sale abc": no_sale("abc"),
    "sale in full-width digits": no_sale("１"),
    "sale with a space": no_sale("1%20"),
    "sale with a NUL": no_sale("1%00"),
    "sale with a newline": no_sale("1%0a"),
    "sale as SQL": no_sale("1%20OR%201=1"),
    "sale by a way around": no_sale("..%2f1"),
    "sale of broken UTF-8": no_sale("%ff"),
    "sale missing": Bad(buy, path("/api/sales//orders"), 404, "not_found"),
    "sale shown that is none": Bad(show_sale, path("/api/sales/999999999999999999"), 404, "not_found"),
    "sale shown that is a draft": Bad(show_sale, draft_shown, 404, "not_found"),
    # Sales that do not sell.
    "sale that is a draft": Bad(buy, draft_sale, 404, "not_found"),
    "sale not open yet": Bad(buy, sale_that(opens=1, closes=2), 403, "not_open"),
    "sale that has ended": Bad(buy, sale_that(opens=-2, closes=-1), 410, "ended"),
    "sale that was closed": Bad(buy, closed_sale, 410, "ended"),
    "sale with too few left": Bad(buy, sale_that(units=0), 409, "sold_out"),
    "more than the limit": Bad(buy, both(sale_that(buyer_limit=1), member(quantity=2)), 409, "limit_reached"),
    # Orders that are none, or somebody else's.
    "order of somebody else": Bad(show_order, of_somebody_else, 404, "not_found"),
    "order of nobody": no_order("01900000-0000-7000-8000-000000000000"),
    "order in capitals": no_order("01900000-0000-7000-8000-00000000000A"),
    "order in braces": no_order("%7b01900000-0000-7000-8000-000000000000%7d"),
    "order as a number": no_order("1"),
    "order with a NUL": no_order("01900000-0000-7000-8000-00000000000%00"),
    "order with an emoji": no_order("01900000-0000-7000-8000-00000000000🍵"),
    "order as SQL": no_order("'%20OR%20'1'='1"),
    "order of 10,000 letters": no_order("a" * 10_000),
    # Tokens that are none.
    "no token": Bad(list_orders, nobody, 401, "unauthorized"),
    "no token for a press": Bad(buy, nobody, 401, "unauthorized"),
    "token empty": no_token(lambda _, good: "Bearer "),
    "header empty": no_token(lambda _, good: ""),
    "token nonsense": no_token(lambda _, good: "Bearer nonsense"),
    "token nonsense in Chinese": no_token(lambda _, good: "Bearer 秒杀"),
    "token with a NUL": no_token(lambda _, good: f"Bearer {good}\x00"),
    "token of 100,000 letters": no_token(lambda _, good: "Bearer " + "a" * 100_000),
    "token only dots": no_token(lambda _, good: "Bearer .." + "." * 50),
    "token without its signature": no_token(lambda _, good: f"Bearer {good.rpartition('.')[0]}"),
    "token with an empty signature": no_token(lambda _, good: f"Bearer {good.rpartition('.')[0]}."),
    "token cut short": no_token(lambda _, good: f"Bearer {good[:-1]}"),
    "token with a letter more": no_token(lambda _, good: f"Bearer {good}A"),
    "token of another payload": no_token(as_admin),
    "token twice": no_token(lambda _, good: f"Bearer {good}, Bearer {good}"),
    "token under the scheme Basic": no_token(lambda _, good: f"Basic {good}"),
    "token under no scheme": no_token(lambda _, good: good),
    "token under a scheme in full width": no_token(lambda _, good: f"Ｂearer {good}"),
    "JWT that says alg none": no_token(
        lambda _, good: (
            f"Bearer {base64({'alg': 'none', 'typ': 'JWT'})}.{base64({'sub': 1, 'role': 'admin'})}."
        )
    ),
    "token expired": Bad(list_orders, signed(age=LIFETIME.total_seconds() + 2), 401, "unauthorized"),
    "token of tomorrow": Bad(list_orders, signed(age=-86_400), 401, "unauthorized"),
    "token of another secret": Bad(list_orders, signed(secret="guessed"), 401, "unauthorized"),
    "token of an empty secret": Bad(list_orders, signed(secret=" "), 401, "unauthorized"),
    "token of another purpose": Bad(list_orders, signed(purpose="cookie-session"), 401, "unauthorized"),
    "token of another digest": Bad(list_orders, signed(digest="sha1"), 401, "unauthorized"),
    "token in the cookie": Bad(list_orders, as_cookie, 401, "unauthorized"),
    "token in the query": Bad(list_orders, as_query, 401, "unauthorized"),
    "press with a forged token": Bad(buy, signed(secret="guessed"), 401, "unauthorized"),
    "who am I with a forged token": Bad(who_am_i, signed(secret="guessed"), 401, "unauthorized"),
    # Signing in.
    "password wrong": login(password="admin"),
    "name unknown": login(name="nobody"),
    "name as SQL": login(name="' OR 1=1 -- "),
    "password of another letter case": login(password="DEMO"),
    "name empty": login(name="", field="name"),
    "name of 65 characters": login(name="n" * 65, field="name"),
    "name a number": login(name=1, field="name"),
    "name null": login(name=None, field="name"),
    "name an object": login(name={"$ne": ""}, field="name"),
    "name with a NUL": login(name="buyer00001\x00", field="name"),
    "name with a newline": login(name="buyer00001\n", field="name"),
    "name a lone surrogate": login(name="\ud800", field="name"),
    "password empty": login(password="", field="password"),
    "password of 257 characters": login(password="p" * 257, field="password"),
    "password a list": login(password=["demo"], field="password"),
    "password true": login(password=True, field="password"),
    "password with a NUL": login(password="demo\x00", field="password"),
    "a role with the password": Bad(sign_in, member(role="admin"), 422, "invalid", "role"),
    "no password": Bad(sign_in, without("password"), 422, "invalid", "password"),
    # A sale that cannot be.
    "title empty": term("title", ""),
    "title of spaces": term("title", "   "),
    "title of 121 characters": term("title", "t" * 121),
    "title with a newline": term("title", "Tea\nSet-Cookie: a=b"),
    "title with a NUL": term("title", "Tea\x00"),
    "title with an escape sequence": term("title", "\x1b[31mTea"),
    "title with a line separator": term("title", "Te\u2028a"),
    "title a lone surrogate": term("title", "\udfff"),
    "title a number": term("title", 12),
    "title null": term("title_zh", None),
    "image that there is not": term("image", "yacht"),
    "image by a way around": term("image", "../../etc/passwd"),
    "price zero": term("price_cents", 0),
    "price negative": term("price_cents", -1),
    "price above the most": term("price_cents", 1_000_000_001),
    "price a fraction": term("price_cents", 9.99),
    "price as a string": term("price_cents", "100"),
    "list price below the price": term("list_price_cents", 99),
    "units negative": term("units", -1),
    "units above the most": term("units", 1_000_001),
    "units a whole float": term("units", 5.0),
    "limit zero": term("buyer_limit", 0),
    "limit above the most": term("buyer_limit", 1001),
    "time without a zone": term("opens_at", "2026-11-11T00:00:00"),
    "time without a time": term("opens_at", "2026-11-11"),
    "time in unix seconds": term("opens_at", 1_793_000_000),
    "time now": term("opens_at", "now"),
    "time with a space": term("opens_at", "2026-11-11 00:00:00Z"),
    "time in full-width digits": term("opens_at", "２０２６-11-11T00:00:00Z"),
    "time of a 30 February": term("opens_at", "2026-02-30T00:00:00Z"),
    "time of a 25th hour": term("opens_at", "2026-11-11T25:00:00Z"),
    "time of a leap second": term("opens_at", "2026-06-30T23:59:60Z"),
    "time in a zone of 24 hours": term("opens_at", "2026-11-11T00:00:00+24:00"),
    "time of the year 1999": term("opens_at", "1999-12-31T23:59:59Z"),
    "time of the year 2101": term("closes_at", "2101-01-01T00:00:00Z"),
    "time of the year 0000": term("opens_at", "0000-01-01T00:00:00Z"),
    "time of the year 0001 in the east": term("opens_at", "0001-01-01T00:00:00+14:00"),
    "time of the year 9999 in the west": term("closes_at", "9999-12-31T23:59:59-14:00"),
    "window of no length": term("closes_at", WINDOW["opens_at"]),
    "window less than a millisecond": term("closes_at", "2026-11-11T00:00:00.000999Z"),
    "window the wrong way round": term("closes_at", "2026-11-10T00:00:00Z"),
    "sale with a state": Bad(create, member(state="published"), 422, "invalid", "state"),
    "sale with a version": Bad(create, member(version=7), 422, "invalid", "version"),
    "sale without a title": Bad(create, without("title"), 422, "invalid", "title"),
    "sale without units": Bad(create, without("units"), 422, "invalid", "units"),
    # A change that cannot be.
    "change of nothing": Bad(change, body({}), 422, "invalid", "body"),
    "change to null": Bad(change, body({"title": None}), 422, "invalid", "title"),
    "change of the units": Bad(change, body({"units": 5}), 422, "invalid", "units"),
    "change of the stock": Bad(change, body({"stock": 5}), 422, "invalid", "stock"),
    "change of the id": Bad(change, body({"id": 5}), 422, "invalid", "id"),
    "change of the state": Bad(change, body({"state": "draft"}), 422, "invalid", "state"),
    "change to a price above the list price": Bad(
        change, body({"price_cents": 2001}), 422, "invalid", "list_price_cents"
    ),
    "change to close before it opens": Bad(
        change, body({"closes_at": "2000-01-01T00:00:00Z"}), 422, "invalid", "closes_at"
    ),
    "change of a closed sale": Bad(change, moved("closed"), 422, "invalid", "state"),
    "change of no sale": Bad(change, path("/api/admin/sales/999999999"), 404, "not_found"),
    "publish twice": Bad(publish, moved("published"), 422, "invalid", "state"),
    "publish after the close": Bad(publish, moved("closed"), 422, "invalid", "state"),
    "publish no sale": Bad(publish, path("/api/admin/sales/999999999/publish"), 404, "not_found"),
    "close a draft": Bad(close, moved("draft"), 422, "invalid", "state"),
    "close twice": Bad(close, moved("closed"), 422, "invalid", "state"),
    "restock by a string": Bad(restock, body({"units": "5"}), 422, "invalid", "units"),
    "restock by a fraction": Bad(restock, body({"units": 0.5}), 422, "invalid", "units"),
    "restock by true": Bad(restock, body({"units": True}), 422, "invalid", "units"),
    "restock above the most": Bad(restock, body({"units": 1_000_001}), 422, "invalid", "units"),
    "take back more than is left": Bad(restock, body({"units": -4}), 422, "invalid", "units"),
    "restock a closed sale": Bad(restock, moved("closed"), 422, "invalid", "state"),
    "restock no sale": Bad(restock, path("/api/admin/sales/999999999/restock"), 404, "not_found"),
    # The back office, and those who do not work there.
    **{f"{work.__name__} as a buyer": Bad(work, a_buyer, 403, "forbidden") for work in BACK_OFFICE},
    **{f"{work.__name__} as nobody": Bad(work, nobody, 401, "unauthorized") for work in BACK_OFFICE},
    "back office with a forged token": Bad(create, signed(secret="guessed"), 401, "unauthorized"),
    "no sale of the back office as a buyer": Bad(
        show_draft, both(path("/api/admin/sales/999999999"), a_buyer), 403, "forbidden"
    ),
    # Methods and addresses that are none.
    "PATCH a sale that cannot be": Bad(
        change, path("/api/admin/sales/9223372036854775808"), 404, "not_found"
    ),
    "PUT an order": Bad(buy, method("PUT"), 405, "method_not_allowed"),
    "GET where orders are made": Bad(buy, method("GET"), 405, "method_not_allowed"),
    "DELETE all orders": Bad(list_orders, method("DELETE"), 405, "method_not_allowed"),
    "PATCH as a buyer": Bad(show_sale, method("PATCH"), 405, "method_not_allowed"),
    "TRACE": Bad(list_orders, method("TRACE"), 405, "method_not_allowed"),
    "a method nobody knows": Bad(list_orders, method("BREW"), 405, "method_not_allowed"),
    "another method by a header": Bad(
        list_orders, both(method("POST"), header("X-HTTP-Method-Override", "GET")), 405, "method_not_allowed"
    ),
    "address unknown": Bad(list_orders, path("/api/nothing"), 404, "not_found"),
    "address with a slash behind": Bad(list_orders, path("/api/orders/"), 404, "not_found"),
    "address with two slashes": Bad(list_orders, path("/api//orders"), 404, "not_found"),
    "address in capitals": Bad(list_orders, path("/api/ORDERS"), 404, "not_found"),
    "address by a way around": Bad(list_orders, path("/api/../api/orders"), 404, "not_found"),
    "address with a header inside": Bad(
        list_orders, path("/api/orders%0d%0aSet-Cookie:%20a=b"), 404, "not_found"
    ),
}


# --- tickets: for a site that has some (test_tickets.py) ---------------------------------------------------


def show_ticket(site: Site) -> Request:
    buyer = site.buyer()
    return Request("GET", site.give(buyer, site.sale()), by=buyer)  # type: ignore[attr-defined]


def show_events(site: Site) -> Request:
    request = show_ticket(site)
    request.path += "/events"
    return request


def no_ticket(value: str) -> dict[str, Bad]:
    """The same id, asked for in both ways."""
    return {
        "": Bad(show_ticket, path(f"/api/tickets/{value}"), 404, "not_found"),
        " as events": Bad(show_events, path(f"/api/tickets/{value}/events"), 404, "not_found"),
    }


NO_TICKETS = {
    "of nobody": "t-2",
    "in capitals": "T-1",
    "empty": "",
    "of 65 letters": "t" * 65,
    "of 10,000 letters": "t" * 10_000,
    "with a NUL": "t-1%00",
    "with a line break": "t-1%0a",
    "with a space": "t-1%20",
    "with a slash": "t-1%2f",
    "with dots": "..%2ft-1",
    "in full-width letters": "ｔ-1",
    "as an emoji": "🍵",
    "as a Redis pattern": "*",
    "as a Redis key": "s06:{1}:ticket:x",
    "as SQL": "'%20OR%20'1'='1",
}
BAD_TICKETS: dict[str, Bad] = {
    **{
        f"ticket {name}{way}": bad
        for name, value in NO_TICKETS.items()
        for way, bad in no_ticket(value).items()
    },
    "ticket of somebody else": Bad(show_ticket, a_buyer, 404, "not_found"),
    "events of somebody else": Bad(show_events, a_buyer, 404, "not_found"),
    "ticket for nobody": Bad(show_ticket, nobody, 401, "unauthorized"),
    "events for nobody": Bad(show_events, nobody, 401, "unauthorized"),
    "ticket with a forged token": Bad(show_ticket, signed(secret="forged"), 401, "unauthorized"),
    "events with a forged token": Bad(show_events, signed(secret="forged"), 401, "unauthorized"),
    "events with an old token": Bad(
        show_events, signed(age=LIFETIME.total_seconds() + 60), 401, "unauthorized"
    ),
    "ticket by POST": Bad(show_ticket, method("POST"), 405, "method_not_allowed"),
    "ticket by DELETE": Bad(show_ticket, method("DELETE"), 405, "method_not_allowed"),
    "events by POST": Bad(show_events, method("POST"), 405, "method_not_allowed"),
}
