"""The room sale: everybody in the room presses Buy on a phone at once; a projector shows what became of it.

`phones` is the only part that a network may see: one page, one button. `projector` is the teacher's page, and
stays on this machine, as do the shop, its back office and its servers. `rounds` is what both talk about.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from common.live.readings import Readings
from common.live.server import LivePage
from common.ports import claimed
from common.room.address import LOOPBACK, qr_code
from common.room.phones import Phones
from common.room.projector import EVERY, Projector
from common.room.rounds import Rounds
from common.running import Running

PORT = 8080  # the usual one: phones find their way back when the next stage is started


@contextmanager
def opened(running: Running, host: str, seats: int) -> Iterator[tuple[str, str]]:
    """The room of a running shop, for `seats` phones at `host`; the addresses of projector and phones."""
    with claimed(usual=PORT) as phones_port, claimed() as port:
        url = f"http://{host}:{phones_port}/"
        rounds = Rounds(running)
        with Phones(running, rounds, host, phones_port, seats) as phones:
            projector = Projector(rounds, phones, Readings(running))
            about = {
                "title": running.stage.name,
                "stage": running.stage.title,
                "phones": url,
                "qr": qr_code(url),
                "lan": host != LOOPBACK,
                "actions": projector.actions,
            }
            with LivePage("room.html", about, projector.read, projector.do, port, every=EVERY) as page:
                yield page.url, url
