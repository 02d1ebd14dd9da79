"""The live lab: one page on which a class sees what a stage does, and breaks it.

It runs in the process that started the stage, and reads MariaDB, Redis and the stage's metrics by itself: so
it goes on showing when every process of the shop is dead. `readings` looks, `faults` acts, `server` shows.
Not for production: whoever has its key can kill servers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from common.demo.contest import Crowd
from common.lab import Lab
from common.live.duel import EVERY, Duel
from common.live.faults import Faults, Proxies
from common.live.readings import Readings
from common.live.server import LivePage
from common.ports import claimed
from common.proof.proxy import Proxy
from common.running import Running
from common.web.lab import VARIABLE

BUYERS = 500  # in a crowd


@contextmanager
def duelled(shops: Sequence[Running], crowd: Crowd) -> Iterator[tuple[Duel, str]]:
    """The duel's page for these two shops; what is to be told how the contests go, and the page's address."""
    duel = Duel(shops, crowd)
    with claimed() as port:
        shown = {"duel": duel.picture}
        with LivePage("duel.html", duel.about, duel.read, duel.do, port, every=EVERY, pictures=shown) as page:
            yield duel, page.url


@contextmanager
def watched(lab: Lab, start: Callable[..., Running]) -> Iterator[tuple[Running, str]]:
    """Start a stage behind proxies, with the live lab beside it; the stage, and the page's address."""
    with Proxy(lab.mysql.tcp) as mysql, Proxy(lab.redis.tcp) as redis, claimed() as port:
        proxies = Proxies(mysql, redis)
        running = start(more_env={**proxies.addresses, VARIABLE: f"http://127.0.0.1:{port}/"})
        readings = Readings(running)
        faults = Faults(lab, running, proxies, readings, BUYERS)
        about = {"title": running.stage.name, "shop": running.url, "actions": list(faults.actions)}
        with LivePage("lab.html", about, readings.read, faults.do, port) as page:
            yield running, page.url
