"""wrk, which makes the load of the peaks: which executable will do."""

from __future__ import annotations

import re

from common.lab.program import Kind, Packages


def read_version(text: str) -> tuple[str, str]:
    """ "wrk debian/4.1.0-3+b2 [epoll] …" -> ("wrk", "4.1.0"), and so does "wrk 4.1.0 [kqueue] …"."""
    match = re.search(r"wrk (?:\w+/)?(\d+(?:\.\d+)+)", text)
    return ("wrk", match[1]) if match else ("", "")


KIND = Kind(
    name="wrk",
    variable="",
    binaries=("wrk",),
    version_flag="--version",
    read_version=read_version,
    minimum={"wrk": (4, 0)},
    version_code=1,  # it takes the question for a wrong use of itself
    packages=Packages("wrk", "wrk", "usr/bin/wrk", ("etc", "var")),
    brew="brew install wrk",
)
