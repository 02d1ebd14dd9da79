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
class Kind:
    """One kind of server. `minimum` maps each accepted product to its oldest accepted version."""

    name: str
    variable: str  # the environment variable that names a server of this kind, "" when there is none
    binaries: tuple[str, ...]
    version_flag: str
    read_version: Callable[[str], tuple[str, str]]  # the version flag's output -> (product, version)
    minimum: Mapping[str, Version]
    wheel: str = ""
    wheel_binary: Callable[[], Path] | None = None
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
    answer = ask(path, kind.version_flag, libraries)
    product, version = kind.read_version(answer)
    needed = kind.minimum.get(product)
    if needed is None:
        wanted = " or ".join(kind.minimum)
        raise LabError(f"{path} is {product or 'an unknown program'}, not {wanted}")
    if numbers(version) < needed:
        raise LabError(f"{path} is {product} {version}; {'.'.join(map(str, needed))} or newer is needed")
    return Program(kind.name, product, version, path, source, libraries)


def ask(path: Path, flag: str, libraries: tuple[Path, ...]) -> str:
    try:
        done = subprocess.run(
            [path, flag],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=10,
            check=True,
            env=environment(libraries),
        )
    except subprocess.CalledProcessError as error:
        words = (error.stderr or error.stdout).strip().splitlines()
        reason = f": {words[-1]}" if words else ""
        raise LabError(f"{path} {flag} ends with code {error.returncode}{reason}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LabError(f"{path} does not run: {error}") from None
    return done.stdout + done.stderr


def numbers(version: str) -> Version:
    """ "10.11.19" -> (10, 11, 19)."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
