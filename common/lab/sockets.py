"""Unix sockets and loopback ports: where a private server can listen, and whether somebody does."""

from __future__ import annotations

import http.client
import os
import random
import socket
import time
from collections.abc import Callable
from pathlib import Path

from common.lab.errors import LabError

PATH_LIMIT = 100  # bytes; the kernel allows 107 for a unix socket's path, a few are kept for suffixes
# Below the range from which the kernel takes the ports of outgoing connections: a load generator's
# connections would else sooner or later sit on the port of a server that was killed to be started again.
PORTS = range(20000, 32000)


def free_port() -> int:
    """A port on 127.0.0.1 that was free a moment ago. Another process may be quicker: then try again."""
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise LabError("no free port on 127.0.0.1")


def knock(path: str, timeout: float) -> None:
    """OSError when nobody listens on the unix socket. The clients find that out too, but leak their end."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(timeout)
        sock.connect(path)


def usable_below(base: Path) -> bool:
    """Whether a run's folder in `base` can hold a socket: not with too long a path or on a shared drive."""
    if len(os.fsencode(base / "run-12345678" / "mysql.sock")) > PATH_LIMIT:
        return False
    trial = base / f"trial-{os.getpid()}-{time.monotonic_ns()}"
    try:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(os.fspath(trial))
    except OSError:
        return False
    finally:
        trial.unlink(missing_ok=True)
    return True


def answers(address: int | Path, path: str = "/readyz") -> Callable[[], bool]:
    """Does GET `path` succeed at a port on 127.0.0.1, or at a unix socket? (/readyz: the shop can sell.)"""

    def ready() -> bool:
        connection = OnUnixSocket(address) if isinstance(address, Path) else on_port(address)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ready


def on_port(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=5)


class OnUnixSocket(http.client.HTTPConnection):
    """HTTP to a server that listens on a unix socket."""

    def __init__(self, path: Path, timeout: float = 5) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(os.fspath(self._path))
