"""deploy/compose.yaml runs what ./seckill runs: the same processes, told the same."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import yaml

from common.processes import CONSUMER, worker_words
from common.service import service_argv
from common.settings import Settings
from common.stages import find, newest
from common.web.server import events_argv

COMPOSE = Path(__file__).parent.parent / "deploy" / "compose.yaml"


def services() -> dict[str, Any]:
    return dict(yaml.safe_load(COMPOSE.read_text("utf-8"))["services"])


def words(service: str) -> list[str]:
    """What the shell in the container runs."""
    *_, script = shlex.split(services()[service]["command"])
    return shlex.split(script)


def test_every_process_of_the_newest_stage_has_a_container() -> None:
    assert {"nginx" if name == "edge" else name for name in newest().processes} <= set(services())


def test_a_worker_is_told_the_same() -> None:
    there = set(words("worker"))
    stage = find("s06")
    here = worker_words(stage, Settings(redis_url="$$REDIS_URL"))
    queue = here[1].replace(stage.code, "$${STAGE%%_*}")
    assert {*here[:1], queue, *here[2:]} <= there


def test_a_consumer_is_told_the_same() -> None:
    stage = newest()
    here = [word.replace(stage.code, "$$STAGE") for word in service_argv(stage, CONSUMER)]
    assert words("consumer")[-len(here[1:]) :] == here[1:]


def test_the_events_process_is_told_the_same() -> None:
    options = ("--interface", "--workers", "--backlog", "--backpressure")
    there, here = words("events"), events_argv(Path("/edge/events.sock"))
    for option in options:
        assert there[there.index(option) + 1] == here[here.index(option) + 1], option


def test_who_may_end_by_himself_is_started_again() -> None:
    assert all(services()[name]["restart"] for name in ("web", "events", "consumer", "worker", "nginx"))


def test_only_loopback_reaches_it() -> None:
    ports = [port for service in services().values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
