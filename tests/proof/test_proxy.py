"""The faulty network by itself. (What it does to a shop is in the guarantees' own proofs.)"""

from __future__ import annotations

import asyncio
import threading

import pytest

from common.proof.proxy import Proxy


def test_a_proxy_that_cannot_begin_holds_no_command_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python waits at its end for every thread that is no daemon."""

    async def no_more_files(*_: object) -> None:
        raise OSError("too many open files")

    before = {*threading.enumerate()}
    monkeypatch.setattr(asyncio, "start_server", no_more_files)
    with pytest.raises(OSError, match="too many"), Proxy(("127.0.0.1", 1)):
        pass
    [left] = {*threading.enumerate()} - before
    assert left.daemon
