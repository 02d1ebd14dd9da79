"""The buttons of the live lab: what a class does to a running shop."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import psutil

from common.demo.contest import open_sale
from common.lab import Lab, LabError
from common.lab.process import Process
from common.lab.server import Server
from common.live.readings import Readings
from common.proof.crowd import CrowdError, Target, plan, run, spike
from common.proof.proxy import Proxy
from common.running import Running
from common.seed import demo_tokens

UNITS = 100
SPREAD = 5.0  # seconds over which a crowd comes: long enough to watch
DOWN = 3.0  # seconds between the end of a server and its new start


@dataclass(frozen=True)
class Proxies:
    """What stands between the shop and its servers."""

    mysql: Proxy
    redis: Proxy

    @property
    def addresses(self) -> Mapping[str, str]:
        return {
            "MYSQL_URL": "mysql://root@{}:{}/".format(*self.mysql.address),
            "REDIS_URL": "redis://{}:{}/0".format(*self.redis.address),
        }


class Faults:
    """Does one thing at a time, each by its name in `actions`; what it says is shown on the page."""

    def __init__(self, lab: Lab, running: Running, proxies: Proxies, readings: Readings, buyers: int) -> None:
        self._lab = lab
        self._running = running
        self._proxies = proxies
        self._readings = readings
        self._tokens = dict(enumerate(demo_tokens(running.settings, buyers), start=1))
        self._crowds = 0
        self._busy = threading.Lock()

    @property
    def actions(self) -> dict[str, Callable[[], str]]:
        """What can be done to this stage, in the order of the buttons."""
        everywhere = {
            "new_sale": self.new_sale,
            "crowd": self.crowd,
            "kill_web": self.kill_web,
            "stall_mysql": lambda: self.stall(self._proxies.mysql, "MariaDB"),
            "kill_mysql": lambda: self.restart(self._lab.mysql, "MariaDB"),
            "stall_redis": lambda: self.stall(self._proxies.redis, "Redis"),
            "kill_redis": lambda: self.restart(self._lab.redis, "Redis"),
            "cut_reply": self.cut_reply,
            "flush_redis": self.flush_redis,
        }
        queued = {"kill_worker": self.kill_worker, "pause_worker": self.pause_worker}
        return {**everywhere, **(queued if self._running.workers else {})}

    def do(self, name: str) -> str:
        """Do it; a sentence about what was done. `LabError` when it cannot be done now."""
        if name not in self.actions:
            raise LabError(f"There is no button {name!r} on this stage.")
        if not self._busy.acquire(blocking=False):
            raise LabError("Something is being done already; wait for its end.")
        try:
            return self.actions[name]()
        finally:
            self._busy.release()

    def new_sale(self) -> str:
        self._readings.sale_id = open_sale(self._running, UNITS)
        return f"Sale {self._readings.sale_id} is open: {UNITS} units, at most 2 for each buyer."

    def crowd(self) -> str:
        """Send everybody, in the background: the page goes on, and other buttons can be pressed meanwhile."""
        sale_id = self._readings.sale_id
        if sale_id is None:
            self.new_sale()
            sale_id = self._readings.sale_id
            assert sale_id
        self._crowds += 1
        presses = plan(list(self._tokens), spike(SPREAD), seed=self._crowds)
        target = Target(self._running.url, sale_id, self._tokens)

        def send() -> None:
            with suppress(CrowdError):  # the shop was ended under its feet: the page has shown it
                run(target, presses, patience=20, comes_again=True)

        threading.Thread(target=send, name="crowd", daemon=True).start()
        return f"{len(presses)} presses by {len(self._tokens)} buyers, within {SPREAD:.0f} s."

    def kill_web(self) -> str:
        """Every web process at once: what does a visitor see meanwhile?"""
        self._running.web.kill()
        time.sleep(DOWN)
        self._running.web.start()
        return f"The web processes were killed (kill -9), and started again {DOWN:.0f} s later."

    def kill_worker(self) -> str:
        workers = [pid for worker in self._running.workers for pid in children(worker)]
        if not workers:
            raise LabError("No worker is alive.")
        os.kill(workers[0], signal.SIGKILL)
        return f"Worker {workers[0]} was killed (kill -9); another one starts."

    def pause_worker(self) -> str:
        """Stopped for a while: what the shop goes on to accept waits in the queue."""
        workers = [pid for worker in self._running.workers for pid in children(worker)]
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(DOWN)
        for pid in workers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        return f"The workers stood still for {DOWN:.0f} s."

    def stall(self, proxy: Proxy, name: str) -> str:
        """Not dead, which would be noticed at once, but silent."""
        proxy.stall()
        time.sleep(DOWN)
        proxy.resume()
        return f"{name} said nothing for {DOWN:.0f} s."

    def restart(self, server: Server, name: str) -> str:
        server.kill()
        time.sleep(DOWN)
        server.start()
        return f"{name} was killed (kill -9), and started again {DOWN:.0f} s later."

    def cut_reply(self) -> str:
        """The command arrives, the answer does not."""
        self._proxies.redis.lose_next_reply()
        return "The next reply of Redis is lost on its way."

    def flush_redis(self) -> str:
        if not self._lab.redis.owned:
            raise LabError("This Redis is not ours: it is not flushed.")
        with self._running.redis() as redis:
            redis.flushall()
        return "Redis has forgotten everything."


def children(process: Process) -> list[int]:
    """What `process` has started, oldest first."""
    with suppress(psutil.NoSuchProcess):
        return [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
    return []
