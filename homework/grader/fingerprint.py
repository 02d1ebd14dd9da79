"""What the outcome of a grading depends on in this package, as a short text that changes with it."""

from __future__ import annotations

import hashlib
from functools import cache

from common.exporting import closure
from common.lab.places import ROOT

PACKAGE = "homework.grader"
PARTS = ("grading", "authoring", "inside")  # the grading, what the checks import, what the sandbox runs


@cache
def fingerprint() -> str:
    """Changes with the modules that grade, not with those that collect submissions or write reports."""
    files = closure(f"{PACKAGE}.{part}" for part in PARTS)
    hashed = hashlib.sha256()
    for name in sorted(files):
        if name.startswith(PACKAGE):
            hashed.update(f"\0{name}\0".encode() + (ROOT / files[name]).read_bytes())
    return hashed.hexdigest()
