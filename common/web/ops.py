"""Operations: is the process alive, can it work, what has it done, what does it speak."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pymysql
import redis
import yaml
from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from pymysql.constants import ER

from common.schema import files_up_to
from common.shop import Busy
from common.web.context import Context, current

bp = Blueprint("ops", __name__)

CONTRACT = Path(__file__).with_name("openapi.yaml")
START = "`docker compose -f deploy/compose.yaml up -d`, or set {variable}"


@bp.get("/healthz")
def healthz() -> dict[str, str]:
    """The process is alive. Says nothing about its servers: a restart would not help them."""
    return {"status": "alive", "stage": current().stage.code}


@bp.get("/readyz")
def readyz() -> dict[str, str]:
    """MariaDB has the stage's schema and Redis answers; else 503, naming what is missing and what helps."""
    missing = [*missing_from_mariadb(current()), *missing_from_redis(current())]
    if missing:
        raise Busy("; ".join(missing), retry_after=2)
    return {"status": "ready", "stage": current().stage.code}


def missing_from_mariadb(context: Context) -> Iterator[str]:
    set_up = f"run `flask --app stages.{context.stage.name}.app setup`"
    try:
        with context.backends.sql() as db:
            applied = {row["file"] for row in db.all("SELECT file FROM schema_changes")}
        if not applied >= {file.name for file in files_up_to(context.stage.code)}:
            yield f"MariaDB lacks a change of the schema: {set_up}"
    except pymysql.MySQLError as error:
        if error.args and error.args[0] in {ER.BAD_DB_ERROR, ER.NO_SUCH_TABLE}:
            yield f"MariaDB is not set up: {set_up}"
        else:
            yield f"MariaDB does not answer: {START.format(variable='MYSQL_URL')}"


def missing_from_redis(context: Context) -> Iterator[str]:
    try:
        context.backends.cache.ping()
    except redis.RedisError:
        yield f"Redis does not answer: {START.format(variable='REDIS_URL')}"


@bp.get("/metrics")
def metrics() -> Response:
    """Prometheus text. One process answers for all of them when PROMETHEUS_MULTIPROC_DIR is set."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


@bp.get("/api/openapi.json")
def openapi() -> dict[str, Any]:
    """The contract (OpenAPI 3.1), as openapi.yaml has it."""
    return contract()


@cache
def contract() -> dict[str, Any]:
    document = yaml.safe_load(CONTRACT.read_text("utf-8"))
    assert isinstance(document, dict)
    return document
