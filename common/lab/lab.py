"""The Lab: private real servers that live as long as a `with` block."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Self

from common.lab import debian, mysql, redis, sockets
from common.lab.errors import LabError
from common.lab.places import ROOT, Say
from common.lab.process import Process, Ready, Supervisor
from common.lab.program import Program
from common.lab.resolver import Search
from common.lab.server import Server

SERVERS: Mapping[str, ModuleType] = {"mysql": mysql, "redis": redis}


class Lab:
    """Real servers of our own for the length of a `with` block, and processes under the same supervision.

    Guarantees: on entering, every server answers; on leaving, and after this process ended in any way,
    `kill -9` included, everything started here ends and `folder` is removed. Two labs never share anything.
    Servers named in the environment (MYSQL_URL, REDIS_URL) are used as they are: never stopped, never killed.

    Does not keep data beyond the block, and does not limit what the servers may use of the machine. `base` is
    where `folder` is made (see `places.runs_base`).
    """

    def __init__(
        self,
        servers: Sequence[str] = ("mysql", "redis"),
        *,
        say: Say | None = None,
        base: Path | None = None,
    ) -> None:
        unknown = set(servers) - set(SERVERS)
        if unknown:
            raise LabError(f"No such server: {', '.join(sorted(unknown))}; there are {', '.join(SERVERS)}.")
        self._wanted = tuple(servers)
        self._say: Say = say or (lambda _line: None)
        self._base = base
        self._servers: dict[str, Server] = {}
        self._supervisor: Supervisor | None = None

    def __enter__(self) -> Self:
        try:
            self._supervisor = Supervisor(self._base)
            self._start_servers(self._supervisor)
        except OSError as error:
            self.close()
            raise LabError(f"The private servers cannot be started: {error}.") from error
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End everything now; entering again is not possible. Closing twice does no harm."""
        if self._supervisor:
            self._supervisor.close()

    def _start_servers(self, supervisor: Supervisor) -> None:
        """All at the same time. When one fails the others are not waited for: closing makes them fail too."""
        pool = ThreadPoolExecutor(max_workers=len(SERVERS))
        try:
            jobs: dict[str, Future[Server]] = {
                name: pool.submit(self._server, supervisor, name) for name in self._wanted
            }
            wait(jobs.values(), return_when=FIRST_EXCEPTION)
            failed = [job for job in jobs.values() if job.done() and job.exception()]
            for job in failed or jobs.values():
                job.result()
        finally:
            pool.shutdown(wait=False)
        self._servers = {name: job.result() for name, job in jobs.items()}

    def _server(self, supervisor: Supervisor, name: str) -> Server:
        kind = SERVERS[name]
        server = self._from_environment(kind) or self._private(supervisor, name, kind)
        self._say(str(server))
        return server

    def _from_environment(self, kind: ModuleType) -> Server | None:
        variable = kind.KIND.variable
        url = os.environ.get(variable)
        if not url:
            return None
        try:
            product, version = kind.greet(url)
        except LabError as error:
            raise LabError(
                f"The server at {variable} does not answer: {error}. Start it, or unset {variable}."
            ) from None
        return Server(kind.KIND.name, f"{product} {version} (from {variable})", url, kind.tcp_address(url))

    def _private(self, supervisor: Supervisor, name: str, kind: ModuleType) -> Server:
        """The first executable that starts, at an address of its own."""
        search = Search(name, fetch=lambda packages: debian.unpacked(packages, supervisor, self._say))
        for program in search.programs():
            try:
                if kind is mysql:
                    mysql.prepare(program, supervisor)
                return start_private(supervisor, kind, program)
            except LabError as error:
                if supervisor.closed:
                    raise
                search.pass_over(error)
        raise search.failure()

    def _get(self, name: str) -> Server:
        if name not in self._servers:
            raise LabError(f"This lab was not asked for {name}: Lab(({name!r}, …)).")
        return self._servers[name]

    @property
    def mysql(self) -> Server:
        """MariaDB."""
        return self._get("mysql")

    @property
    def redis(self) -> Server:
        """Redis or Valkey."""
        return self._get("redis")

    @property
    def supervisor(self) -> Supervisor:
        if not self._supervisor:
            raise LabError("The lab is not running; use `with Lab(…) as lab:`.")
        return self._supervisor

    @property
    def folder(self) -> Path:
        """This run's private folder; it is removed at the end."""
        return self.supervisor.folder

    def env(self) -> dict[str, str]:
        """The addresses, under the names by which the shop reads them from its environment."""
        return {SERVERS[name].KIND.variable: server.url for name, server in self._servers.items()}

    def start_process(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        ready: Callable[[], bool] | None = None,
        cwd: Path | None = None,
        log: Path | None = None,
    ) -> Process:
        """Start a process that ends with this lab: at the end it gets TERM, and KILL 3 s later.

        It sees this process's environment, the servers' addresses, and `env` on top. Its output is appended
        to `log` (`name`.log in `folder` unless given). With `ready`, returns when that says yes; LabError
        when the process ends first or needs longer than 30 s. `cwd` is the project's folder unless given.
        """
        process = Process(
            self.supervisor,
            name,
            argv,
            env={**os.environ, **self.env(), **(env or {})},
            log=log or self.folder / f"{name}.log",
            ready=ready,
            cwd=cwd or ROOT,
        )
        process.start()
        return process


def start_private(supervisor: Supervisor, kind: ModuleType, program: Program) -> Server:
    """Start on a free port; when somebody takes that port first, on another one."""
    url = kind.private_url(supervisor.folder)
    for _ in range(5):
        port = sockets.free_port()
        process = Process(
            supervisor,
            program.product,
            kind.command(program, supervisor.folder, port),
            env=program.env(),
            log=supervisor.folder / f"{kind.KIND.name}.log",
            ready=answers(kind, url),
            grace=False,  # its data ends with the run: nothing is worth a slow goodbye
        )
        try:
            process.start()
        except LabError:
            if "already in use" not in process.last_words(20):
                raise
        else:
            return Server(kind.KIND.name, str(program), url, ("127.0.0.1", port), process)
    raise LabError(f"{program.product} found no free port")


def answers(kind: ModuleType, url: str) -> Ready:
    def ready() -> bool:
        try:
            kind.greet(url)
        except LabError:
            return False
        return True

    return ready
