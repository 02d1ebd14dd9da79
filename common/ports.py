"""The port of a running shop: one that is ours alone."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import chain

from common.lab.errors import LabError
from common.lab.sockets import free_port

USUAL = 8000
TRIES = 50


@contextmanager
def claimed(wanted: int | None = None, usual: int = USUAL) -> Iterator[int]:
    """A port on 127.0.0.1 for the length of the block: the wanted one, else the usual, else any free one.

    `LabError` when the wanted one is taken. That a port is free is not enough: granian shares its port with
    any other granian of the same user (SO_REUSEPORT), so two runs that start at the same moment would answer
    each other's buyers. The UDP port of the same number is our mark; the kernel takes it back however we end.
    """
    port, mark = first_claim(wanted, usual)
    with closing(mark):
        yield port


def first_claim(wanted: int | None, usual: int) -> tuple[int, socket.socket]:
    """The first port that can be claimed, and the mark on it."""
    candidates = chain([usual], (free_port() for _ in range(TRIES)))
    for port in candidates if wanted is None else [wanted]:
        mark = claim(port)
        if mark:
            return port, mark
    if wanted is None:
        raise LabError("No free port was found on 127.0.0.1.")
    raise LabError(f"Port {wanted} is taken: choose another one with --port.")


def claim(port: int) -> socket.socket | None:
    """The mark on `port`, or None when somebody has the port or its mark."""
    mark = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with suppress(OSError), socket.socket() as trial:
        mark.bind(("127.0.0.1", port))
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that just closed is free
        trial.bind(("127.0.0.1", port))
        return mark
    mark.close()
    return None
