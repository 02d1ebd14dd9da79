"""The live lab: one page on which a class sees what a stage does, and breaks it.

It runs in the process that started the stage, and reads MariaDB, Redis and the stage's metrics by itself: so
it goes on showing when every process of the shop is dead. `readings` looks, `faults` acts, `server` shows.
Not for production: whoever has its key can kill servers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from common.lab import Lab
from common.live.faults import Faults, Proxies
from common.live.readings import Readings
from common.live.server import LiveLab
from common.ports import claimed
from common.proof.proxy import Proxy
from common.running import Running
from common.web.lab import VARIABLE

BUYERS = 500  # in a crowd


@contextmanager
def watched(lab: Lab, start: Callable[..., Running]) -> Iterator[tuple[Running, str]]:
    """Start a stage behind proxies, with the live lab beside it; the stage, and the page's address."""
    with Proxy(lab.mysql.tcp) as mysql, Proxy(lab.redis.tcp) as redis, claimed() as port:
        proxies = Proxies(mysql, redis)
        running = start(more_env={**proxies.addresses, VARIABLE: f"http://127.0.0.1:{port}/"})
        readings = Readings(lab, running)
        faults = Faults(lab, running, proxies, readings, BUYERS)
        with LiveLab(running.stage.name, running.url, readings, faults, port) as page:
            yield running, page.url
