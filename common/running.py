"""A stage that runs: its database prepared and filled, its web processes answering on loopback."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pymysql
from redis import Redis

from common import database, schema
from common.backends import connect_redis, database_name
from common.database import Db
from common.edge import start_edge
from common.lab import Lab, LabError, Process
from common.processes import start_consumer, start_events, start_web, start_worker
from common.seed import ADMIN, demo_buyer, seed
from common.settings import Settings
from common.shops import KnownShop
from common.stages import Stage
from common.tokens import issue_token
from common.web.seam import VARIABLE, plugs

WEB_PROCESSES = 2
WEB_THREADS = 4


@dataclass(frozen=True)
class Running:
    """One running stage. It ends with the lab that runs it.

    `address` is where its web processes listen: a port, or a unix socket behind the edge. `url` is where
    visitors go: to the edge if there is one. From s06 on there are `workers`, who write the orders (from s07
    on they are consumers of the journal) and are started again when they end, and the `events` process at
    `events_address`. Its web processes count in the folder `metrics`.
    """

    stage: Stage
    url: str
    settings: Settings
    web: Process
    address: int | Path
    metrics: Path
    edge: Process | None = None
    events: Process | None = None
    events_address: Path | None = None
    workers: Sequence[Process] = ()

    @property
    def processes(self) -> list[Process]:
        """All that run, in the order in which they are best ended."""
        return [each for each in (self.edge, self.web, self.events, *self.workers) if each]

    def admin(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask the stage's own API as its admin; the JSON answer. `LabError` on anything but a success."""
        request = Request(  # noqa: S310 - our own address
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {issue_token(self.settings, ADMIN)}",
                "Content-Type": "application/json",
            },
        )
        try:
            with urlopen(request, timeout=10) as answer:  # noqa: S310
                return dict(json.load(answer))
        except HTTPError as error:
            with error:
                raise LabError(
                    f"{method} {path} was answered {error.code}: {error.read().decode()[:300]}"
                ) from None
        except (URLError, OSError) as error:
            raise LabError(f"{method} {path} was not answered: {error}") from None

    @cached_property
    def has_door(self) -> bool:
        """Whether one needs a permit to press. Its sales say so, as they do to any visitor."""
        return any(sale["entry"] for sale in self.admin("GET", "/api/sales")["sales"])

    def trust_everybody(self) -> None:
        """Have the door of the stage, if it has one, suspect nobody, ask no work, and have permits for all.

        A crowd of our own comes from one machine with new accounts: it looks like a thousand bots, and is.
        """
        if self.has_door:
            settings = self.admin("GET", "/api/admin/door")["settings"]
            self.admin("PATCH", "/api/admin/door", dict.fromkeys(settings, 0) | {"seconds": 3600})

    def buyer_token(self, number: int = 1) -> str:
        """A bearer token of a demo buyer, good for 12 hours."""
        return issue_token(self.settings, demo_buyer(number))

    def database(self) -> closing[Db]:
        """A connection to the stage's database that is no part of the shop."""
        return closing(database.connect(self.settings.mysql_url, database_name(self.stage.code)))

    def redis(self) -> closing[Redis]:
        """A connection to the stage's Redis that is no part of the shop."""
        return closing(connect_redis(self.settings))


def run_stage(
    lab: Lab,
    stage: Stage,
    *,
    port: int,
    buyers: int,
    workers: int = WEB_PROCESSES,
    threads: int = WEB_THREADS,
    jobs: int = 1,
    plugs_wanted: Sequence[str] = (),
    more_env: Mapping[str, str] | None = None,
) -> Running:
    """Prepare and fill the stage's database, start its processes, and return when they answer.

    `port` is one that the caller has claimed (common.ports). There are `workers` web processes with `threads`
    each, and `jobs` workers behind the queue or the journal, where the stage has one. `plugs_wanted`
    ("checkout=dotted.path:Class") put other classes into the stage's keyword seam. `more_env` is for the
    stage's processes alone, such as addresses of proxies instead of the servers' own (MYSQL_URL, REDIS_URL).
    `LabError` says what did not work.
    """
    settings = replace(
        Settings.from_env(),
        mysql_url=lab.mysql.url,
        redis_url=lab.redis.url,
        secret_key=os.environ.get("SECRET_KEY") or secrets.token_urlsafe(32),
        web_threads=threads,
    )
    prepare(settings, stage, buyers)
    metrics = lab.folder / f"metrics-{port}"
    metrics.mkdir()
    seen = more_env or {}
    env = {
        "SECRET_KEY": settings.secret_key,
        "WEB_THREADS": str(threads),
        VARIABLE: ",".join(plugs_wanted),
        **seen,
    }
    of_web = {**env, "PROMETHEUS_MULTIPROC_DIR": str(metrics)}
    address = lab.folder / f"{stage.code}-{port}.sock" if "edge" in stage.processes else port
    events_address = lab.folder / f"events-{port}.sock"
    web = start_web(lab, stage, address, of_web, workers=workers, threads=threads)
    labels = [f"{port}-{number}" for number in range(1, jobs + 1)]
    of_queue = replace(settings, redis_url=seen.get("REDIS_URL", settings.redis_url))
    behind: list[Process] = []
    if "worker" in stage.processes:
        behind = [start_worker(lab, stage, of_queue, env, label) for label in labels]
    if "consumer" in stage.processes:
        behind = [start_consumer(lab, stage, env, label) for label in labels]
    events = start_events(lab, stage, events_address, env) if "events" in stage.processes else None
    edge = start_edge(lab, stage, port, address, events=events_address) if isinstance(address, Path) else None
    url = f"http://127.0.0.1:{port}"
    KnownShop(stage.code, url, lab.mysql.url, lab.redis.url, lab.folder).leave_note(lab.folder)
    return Running(
        *(stage, url, settings, web, address, metrics),
        *(edge, events, events_address, behind),
    )


def prepare(settings: Settings, stage: Stage, buyers: int) -> None:
    """Bring the stage's database up to date, with a catalogue and that many demo buyers."""
    try:
        schema.prepare(settings.mysql_url, stage.code)
        seed(settings.mysql_url, stage.code, buyers)
    except pymysql.MySQLError as error:
        raise LabError(f"The database of {stage.name} cannot be prepared: {error.args[-1]}.") from None


def check_plugs(stage: Stage, plugs_wanted: Sequence[str]) -> None:
    """`WrongSeam` when the stage cannot take one of `plugs_wanted`: better said before anything starts."""
    plugs(",".join(plugs_wanted), stage.load().create_shop)
