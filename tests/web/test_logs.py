"""The log: one JSON line for each request, which a request cannot forge."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.web.conftest import Site


@pytest.fixture
def lines(capfd: pytest.CaptureFixture[str]) -> Any:
    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capfd.readouterr().err.splitlines()]

    return read


def test_a_request_leaves_one_line_that_says_what_became_of_it(site: Site, lines: Any) -> None:
    sale, buyer = site.sale(), site.buyer()
    lines()
    answer = site.buy(sale, buyer)
    [line] = lines()
    assert line["ms"] > 0
    wanted = {
        "level": "INFO",
        "message": "request",
        "request_id": answer.headers["X-Request-Id"],
        "stage": "s01",
        "method": "POST",
        "path": f"/api/sales/{sale.id}/orders",
        "status": 201,
        "buyer_id": buyer.id,
        "outcome": "order",
    }
    assert wanted.items() <= line.items()


@pytest.mark.parametrize(
    ("method", "path", "status", "outcome"),
    [
        ("GET", "/api/sales", 200, "ok"),
        ("GET", "/api/orders", 401, "unauthorized"),
        ("GET", "/api/nothing", 404, "not_found"),
        ("PUT", "/api/sales", 405, "method_not_allowed"),
    ],
)
def test_the_outcome_is_ok_or_the_code_of_the_problem(
    site: Site, lines: Any, method: str, path: str, status: int, outcome: str
) -> None:
    site.call(method, path)
    [line] = lines()
    assert (line["status"], line["outcome"]) == (status, outcome)


@pytest.mark.parametrize("sent", ["abc-1.2_3", "x" * 64, "01a2046b-7b3a-7a5a-b46c-ab18c16362ee"])
def test_a_sane_request_id_is_kept(site: Site, lines: Any, sent: str) -> None:
    answer = site.call("GET", "/api/orders", headers={"X-Request-Id": sent})
    assert answer.headers["X-Request-Id"] == answer.json["instance"] == sent
    assert lines()[0]["request_id"] == sent


@pytest.mark.parametrize(
    "sent", ["", "x" * 65, "a b", 'a"b', "a\nb", "a\r\nSet-Cookie: x", "秒杀", "\x00", "<b>"]
)
def test_an_insane_request_id_is_replaced(site: Site, lines: Any, sent: str) -> None:
    answer = site.call("GET", "/api/orders", environ_overrides={"HTTP_X_REQUEST_ID": sent})
    kept = answer.headers["X-Request-Id"]
    assert kept != sent
    assert len(kept) == 36
    assert lines()[0]["request_id"] == kept


def test_a_path_cannot_forge_a_line(site: Site, lines: Any) -> None:
    site.call("GET", "/api/%0a%7b%22level%22:%22forged%22%7d%ff" + "x" * 1000)
    [line] = lines()
    assert line["level"] == "INFO"
    assert line["path"].startswith('/api/\n{"level":"forged"}\ufffd')
    assert len(line["path"]) == 200


@pytest.mark.parametrize("path", ["/api/sales", "/api/nothing", "/healthz", "/metrics"])
def test_every_answer_protects_the_browser(site: Site, path: str) -> None:
    headers = site.call("GET", path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
