"""Stages that really run: processes, ports, an edge where the stage has one; and a visitor who asks them."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from common.demo.contest import open_sale
from common.edge import edge_conf, start_edge
from common.lab import Lab
from common.lab.sockets import free_port
from common.ports import claimed
from common.running import Running, run_stage
from common.stages import find
from common.work import enter_at

Run = Callable[..., Running]


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def ask(
    url: str, method: str = "GET", body: str | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """One request on a connection of its own. Follows no redirect; `OSError` when nobody answers."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request(method, url.removeprefix(f"http://{parts.netloc}"), body, dict(headers or {}))
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def press(running: Running, sale_id: int, buyer: int = 1, **headers: str) -> Answer:
    """One unit for a buyer, with the permit that it takes where the stage has a door."""
    token, sale = running.buyer_token(buyer), f"{running.url}/api/sales/{sale_id}"
    sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **headers}
    wanted: dict[str, Any] = {"quantity": 1}
    if running.has_door:
        _, told = enter_at(f"{sale}/entry", token)
        wanted |= {"permit": told["permit"]} if "permit" in told else {}
    return ask(f"{sale}/orders", "POST", json.dumps(wanted), sent)


def state_url(running: Running, units: int = 10, url: str | None = None) -> str:
    """Where the state of a new open sale is."""
    return f"{url or running.url}/api/sales/{open_sale(running, units)}"


def reads_at_the_app(running: Running) -> int:
    """How many reads of a sale's state have come through to the app."""
    text = ask(running.url + "/metrics").body.decode()
    line = r'^seckill_requests_total\{.*route="/api/sales/<sale:sale_id>".*\} (\S+)$'
    return sum(int(float(count)) for count in re.findall(line, text, re.MULTILINE))


def other_edge(lab: Lab, running: Running, foil: Callable[[str], str]) -> str:
    """The address of a second edge before the same web processes, with a wrong edge.conf."""
    port = free_port()
    template = foil(edge_conf(running.stage).read_text("utf-8"))
    assert not isinstance(running.address, int)
    start_edge(lab, running.stage, port, running.address, template=template)
    return f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def run(lab: Lab) -> Iterator[Run]:
    """`run("s04", plugs_wanted=…)`: that stage as `./seckill up` runs it, ended with the module."""
    with ExitStack() as at_the_end:

        def start(code: str, **options: Any) -> Running:
            port = at_the_end.enter_context(claimed(free_port()))
            running = run_stage(lab, find(code), buyers=3, port=port, **options)
            for process in running.processes:
                at_the_end.callback(process.stop)
            return running

        yield start
