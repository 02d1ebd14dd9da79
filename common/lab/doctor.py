"""`./seckill doctor`: what this machine has, what is missing, what would be done. It changes nothing."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass

from common.lab import debian, places, resolver
from common.lab.errors import LabError

ROOM = 600  # MB that a first run needs for .venv, the packages and the data
NAMES = {"mysql": "MariaDB", "redis": "Redis or Valkey", "nginx": "nginx"}


@dataclass(frozen=True)
class Check:
    """One line of the report. `needed`: without it `./seckill demo` cannot run."""

    name: str
    ok: bool
    found: str
    advice: str = ""
    needed: bool = True


def examine_machine() -> list[Check]:
    """Every check. The network is only asked when something would have to be downloaded."""
    checks = [machine(), python(), room(), server("mysql"), server("redis"), server("nginx")]
    if any("download" in check.advice for check in checks):
        checks.append(network())
    return [*checks, compose()]


def machine() -> Check:
    about = f"{places.release()}, {platform.machine()}, {os.cpu_count()} processors"
    if sys.platform == "win32":
        return Check("machine", False, about, "use WSL2: `wsl --install`, then run ./seckill in it")
    wsl = " (WSL2)" if "microsoft" in platform.release().lower() else ""
    return Check("machine", True, about + wsl)


def python() -> Check:
    private = sys.prefix != sys.base_prefix
    return Check(
        "Python", True, f"{platform.python_version()} in {sys.prefix}" if private else sys.executable
    )


def room() -> Check:
    free = shutil.disk_usage(places.ROOT).free // 1_000_000
    advice = "" if free > ROOM else f"free at least {ROOM} MB"
    return Check("disk space", free > ROOM, f"{free / 1000:.1f} GB free", advice)


def server(name: str) -> Check:
    """Where the server would come from. It is not started: whether it starts is seen when a lab tries."""
    kind, needed = resolver.KINDS[name], name != "nginx"
    label = NAMES[name]
    if kind.variable and os.environ.get(kind.variable):
        return borrowed(name, label)
    search = resolver.Search(name)
    for program in search.programs():
        return Check(label, True, str(program), "; ".join(search.reasons), needed)
    if kind.packages and debian.available():
        advice = (
            f"would download {kind.packages.package} ({places.release()} packages) into .lab/, without root"
        )
        return Check(label, True, "not here yet", "; ".join([*search.reasons[:-1], advice]), needed)
    return Check(label, False, "missing", str(search.failure()), needed)


def borrowed(name: str, label: str) -> Check:
    from common.lab.lab import SERVERS

    variable = resolver.KINDS[name].variable
    try:
        product, version = SERVERS[name].greet(os.environ[variable])
    except LabError as error:
        return Check(
            label, False, f"{variable} does not answer: {error}", f"start that server, or unset {variable}"
        )
    return Check(label, True, f"{product} {version} (from {variable})")


def network() -> Check:
    """Whether the first mirror of this machine's own apt sources answers."""
    listed = re.findall(r"'(http[^']+)'", debian.output("apt-get", "--print-uris", "update"))
    site = next(iter(listed), "")
    if not site:
        return Check("package mirror", True, "none named in apt's sources", "", needed=False)
    try:
        with urllib.request.urlopen(site, timeout=5):  # noqa: S310 - http or https, from apt's own sources
            pass
    except urllib.error.HTTPError:
        pass  # it answers
    except OSError as error:
        return Check(
            "package mirror", False, f"{site}: {error}", "connect to the network, or use SECKILL_LAB=FILE"
        )
    return Check("package mirror", True, f"{site} answers")


def compose() -> Check:
    """Docker is the second way in, never needed."""
    docker = shutil.which("docker")
    if not docker:
        return Check("Docker Compose", False, "not here", "not needed", needed=False)
    done = subprocess.run(
        [docker, "compose", "version", "--short"], capture_output=True, text=True, check=False
    )
    found = done.stdout.strip() if done.returncode == 0 else "docker without compose"
    return Check("Docker Compose", done.returncode == 0, found, "not needed", needed=False)


def show(checks: list[Check]) -> None:
    """The report as a table, and one line that says what it comes to."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table(box=None, pad_edge=False)
    for title in ("", "what", "found", "notes"):
        table.add_column(title, overflow="fold")
    for check in checks:
        sign = "[green]✔[/]" if check.ok else "[red]✘[/]" if check.needed else "[dim]–[/]"
        table.add_row(sign, check.name, check.found, check.advice)
    console.print(table)
    wrong = [check for check in checks if check.needed and not check.ok]
    console.print(
        "./seckill demo can run." if not wrong else f"./seckill demo cannot run yet: {wrong[0].advice}"
    )
