"""The processes of a running stage: how each is started, and when it is ready."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from common.backends import connect_redis
from common.lab import Lab, Process
from common.lab.leftovers import after_removing
from common.lab.restarting import kept_running
from common.lab.sockets import answers
from common.service import RUNS, service_argv
from common.settings import Settings
from common.stages import Stage
from common.web.server import events_argv, granian_argv
from common.worker import queue_name

Env = Mapping[str, str]
CONSUMER = "consumer"  # the process, and the service of the shop that runs in it


def start_web(
    lab: Lab, stage: Stage, address: int | Path, env: Env, *, workers: int, threads: int
) -> Process:
    """The web processes (`workers` of them with `threads` each), at a port or a unix socket."""
    argv = granian_argv(stage.app, address, workers, threads)
    if isinstance(address, Path):
        argv = after_removing([address], argv)
    return lab.start_process(f"web-{name(address)}", argv, env=env, ready=answers(address))


def start_events(lab: Lab, stage: Stage, socket: Path, env: Env) -> Process:
    """The events process (from s06), at a unix socket: only the edge asks it."""
    return lab.start_process(
        name(socket),
        after_removing([socket], events_argv(socket)),
        env={**env, "STAGE": stage.code},
        ready=answers(socket, "/healthz"),
    )


def start_worker(lab: Lab, stage: Stage, settings: Settings, env: Env, label: str) -> Process:
    """One worker (from s06), and another one whenever it has ended. Ready when RQ knows of it."""
    redis = connect_redis(settings)
    registered = f"rq:workers:{queue_name(stage.code)}"
    before = redis.smembers(registered)
    try:
        return lab.start_process(
            f"worker-{stage.code}-{label}",
            kept_running([sys.executable, "-m", "rq.cli", *worker_words(stage, settings)]),
            env=env,
            ready=lambda: not redis.smembers(registered) <= before,
        )
    finally:
        redis.connection_pool.disconnect()


def start_consumer(lab: Lab, stage: Stage, env: Env, label: str) -> Process:
    """One consumer of the journal (from s07), and another one whenever it has ended."""
    title = f"consumer-{stage.code}-{label}"
    log = lab.folder / f"{title}.log"
    says = RUNS.format(name=CONSUMER, stage=stage.name)
    argv = kept_running(service_argv(stage, CONSUMER))
    return lab.start_process(
        title, argv, env=env, log=log, ready=lambda: log.exists() and says in log.read_text()
    )


def worker_words(stage: Stage, settings: Settings) -> list[str]:
    """What to tell `rq`. A worker keeps its connections from job to job, and never sees a pickle.

    Both times are in seconds. RQ looks after jobs of dead workers only every `maintenance-interval`, and a
    worker without work only every `worker-ttl` less 15.
    """
    return [
        *("worker", queue_name(stage.code), "--url", settings.redis_url),
        *("--serializer", "json", "--worker-class", "rq.worker.SimpleWorker"),
        *("--maintenance-interval", "10", "--worker-ttl", "25"),
    ]


def name(address: int | Path) -> str:
    """For the log: processes of the same kind listen at different addresses."""
    return address.stem if isinstance(address, Path) else str(address)
