"""The events process: server-sent events of tickets, for as many open streams as there are buyers waiting.

A stream that waits in a web process holds one of its few threads: with eight threads the eighth buyer who
waits is the last one who can be served. Here a stream is a coroutine, and waiting costs a little memory.
One process of it stands beside the web processes; the edge of s06 sends /api/tickets/{id}/events here.

    STAGE=s06 granian --interface asginl --factory common.events:create_app
"""

from __future__ import annotations

import os
import resource

from common import stages
from common.backends import Backends
from common.events.hub import MOST, Hub
from common.events.streams import Streams
from common.events.visitor import Visitors
from common.settings import Settings
from common.web.logs import write_json
from common.worker import shop_of


def allow_files(wanted: int) -> None:
    """A stream is an open file, and shells allow a process 1,024 of them."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(now, min(wanted, most)), most))


def create_app() -> Streams:
    """The ASGI app of the stage that STAGE names. Opens no connection: it starts before its servers."""
    stage, settings = stages.find(os.environ.get("STAGE") or "s06"), Settings.from_env()
    write_json(settings.log_level)
    allow_files(2 * MOST)
    tickets = shop_of(stage.code).tickets
    if tickets is None:
        raise RuntimeError(f"{stage.name} has no tickets: STAGE must be s06 or later")
    return Streams(tickets, Hub(tickets), Visitors(Backends.connect(stage.code, settings)))
