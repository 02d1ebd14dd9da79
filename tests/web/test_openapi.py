"""openapi.yaml and the routes are the same list."""

from __future__ import annotations

import re

from flask import Flask

from common.shop import Busy
from common.web.ops import contract
from tests.conftest import MakeApp
from tests.web.bad_inputs import BAD
from tests.web.conftest import Site

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def routes(app: Flask) -> set[tuple[str, str]]:
    """Method and path of every address that answers programs, written as OpenAPI writes them."""
    return {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/") or rule.endpoint.startswith("ops.")
        for method in (rule.methods or set()) & METHODS
    }


def documented() -> set[tuple[str, str]]:
    return {
        (method.upper(), path)
        for path, item in contract()["paths"].items()
        for method in item
        if method.upper() in METHODS
    }


def test_every_route_is_documented_and_every_documented_route_exists(make_app: MakeApp) -> None:
    assert routes(make_app("s01")) == documented()


def test_the_document_is_served_as_it_is_kept(shared_site: Site) -> None:
    answer = shared_site.call("GET", "/api/openapi.json")
    assert answer.status_code == 200
    assert answer.json == contract()
    assert answer.json["openapi"].startswith("3.1.")


def test_operation_ids_are_unique() -> None:
    ids = [
        each["operationId"]
        for item in contract()["paths"].values()
        for method, each in item.items()
        if method.upper() in METHODS
    ]
    assert len(ids) == len(set(ids))


def test_what_a_busy_shop_says_for_programs_is_documented() -> None:
    documented = contract()["components"]["schemas"]["Problem"]["properties"]
    assert {name: documented[name]["const"] for name in Busy().members} == Busy().members


def test_every_problem_code_is_documented() -> None:
    codes = contract()["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
    assert {bad.code for bad in BAD.values()} <= set(codes)
