"""The loops that a stage runs beside its requests, as threads of the web process (s03 is the first)."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Iterable

from common.shop import Service

log = logging.getLogger(__name__)
PAUSE = 1.0  # seconds before a service that failed is run again


class Services:
    """Runs each service in a daemon thread from the first request on, in every process that serves requests.

    Not at the creation of the app: `flask setup` creates one too, and a server that forks its workers
    afterwards would leave the threads behind. A service that raises is logged and run again after `PAUSE`.
    """

    def __init__(self, services: Iterable[Service]) -> None:
        self._services = [service for service in services if service.where == "web"]
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._process: int | None = None

    def start(self) -> None:
        """Start them, unless this process has done so already. Cheap to call before every request."""
        if self._process == os.getpid() or not self._services:
            return
        with self._lock:
            if self._process == os.getpid():
                return
            self._process = os.getpid()
            self._threads = [
                threading.Thread(target=self._keep_running, args=(service,), daemon=True)
                for service in self._services
            ]
        atexit.register(self.stop)
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 5) -> None:
        """Ask them to end and wait up to `timeout` seconds for each."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout)
        atexit.unregister(self.stop)

    def _keep_running(self, service: Service) -> None:
        while not self._stop.is_set():
            try:
                service.run(self._stop.is_set)
            except Exception:
                log.exception("%s failed and is run again", type(service).__name__)
            self._stop.wait(PAUSE)
