"""A server as the reader sees it: its addresses, and the switches that break it."""

from __future__ import annotations

from common.lab.errors import LabError
from common.lab.process import Process


class Server:
    """MariaDB, Redis or Valkey at an address. `owned`: we started it, so we may break it.

    The switches act on a server we started, and come back when the effect is there. On one that came from the
    environment each of them raises LabError and does nothing.
    """

    def __init__(
        self, name: str, about: str, url: str, tcp: tuple[str, int] | None, process: Process | None = None
    ) -> None:
        self.name, self.about, self.url = name, about, url
        self._tcp, self._process = tcp, process

    def __str__(self) -> str:
        return self.about

    @property
    def owned(self) -> bool:
        return self._process is not None

    @property
    def process(self) -> Process:
        """The process we started; LabError when it is not our server."""
        if self._process is None:
            raise LabError(f"{self.about} is not our server: it is only stopped by whoever started it.")
        return self._process

    @property
    def tcp(self) -> tuple[str, int]:
        """Host and port; LabError for a server from the environment that is only known by its socket."""
        if self._tcp is None:
            raise LabError(f"{self.about} has no TCP address in {self.url}.")
        return self._tcp

    def kill(self) -> None:
        """SIGKILL: no goodbye, as a power cut. A commit that it had answered is still there after `start`."""
        self.process.kill()

    def stop(self) -> None:
        """Let it finish and end (SIGTERM)."""
        self.process.stop()

    def start(self) -> None:
        """Start it again on the same data and the same addresses; returns when it answers."""
        self.process.start()

    def pause(self) -> None:
        """SIGSTOP: connections stay open and nothing is answered, until `resume`."""
        self.process.pause()

    def resume(self) -> None:
        """Go on after `pause`."""
        self.process.resume()
