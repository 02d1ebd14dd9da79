"""Lua scripts from files, which may use each other."""

from __future__ import annotations

import re
from pathlib import Path

USES = re.compile(r"^-- uses (?P<path>\S+\.lua) as (?P<name>\w+)$", re.MULTILINE)


def source(file: Path, **instead: Path) -> str:
    """The script as Redis gets it: before its own text, each script that it uses, as a local function.

    A line "-- uses ../s05_redis_stock/release.lua as release" makes `release(KEYS, ARGV)` of that file: what
    it does and returns is what the script itself does and returns, in the same single step. Redis has no
    such thing as an import, and a copy would part from its original. `instead` has other files for some of
    the names.
    """
    text = file.read_text()
    used = [
        f"local function {use['name']}(KEYS, ARGV)\n"
        f"{source(instead.get(use['name'], file.parent / use['path']))}end\n"
        for use in USES.finditer(text)
    ]
    return "".join([*used, text])
