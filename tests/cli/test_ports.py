"""Two runs never answer each other's buyers: a port is claimed before it is used."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier

import pytest

from common.lab import LabError
from common.lab.sockets import free_port
from common.ports import claim, claimed


def test_of_many_who_want_a_port_at_once_one_gets_it() -> None:
    port, barrier = free_port(), Barrier(16)

    def want(_: int) -> socket.socket | None:
        barrier.wait(10)
        return claim(port)

    with ThreadPoolExecutor(16) as pool:
        marks = [mark for mark in pool.map(want, range(16)) if mark]
    assert len(marks) == 1
    marks[0].close()


def test_without_a_wish_everybody_gets_another_port() -> None:
    with ExitStack() as stack:
        ports = [stack.enter_context(claimed()) for _ in range(5)]
        assert len(set(ports)) == 5


def test_a_port_shared_by_others_is_not_free() -> None:
    """As granian listens: with SO_REUSEPORT, which lets the next one in without a word."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        with pytest.raises(LabError, match=f"Port {port} is taken"), claimed(port):
            pass
    with claimed(port) as again:
        assert again == port


def test_a_claim_ends_with_its_block() -> None:
    port = free_port()
    for _ in range(2):
        with claimed(port):
            assert claim(port) is None
