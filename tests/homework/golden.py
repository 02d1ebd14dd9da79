"""Golden files: what an export looks like is decided once, by a person, and seen in every diff after that.

SECKILL_WRITE_GOLDEN=1 writes them anew; then read the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def check(name: str, text: str) -> None:
    """`text` is what golden/NAME has."""
    file = FOLDER / name
    if os.environ.get("SECKILL_WRITE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")
    assert file.exists(), f"there is no {file}; write it with SECKILL_WRITE_GOLDEN=1"
    assert text == file.read_bytes().decode(), f"{name} has changed; see tests/homework/golden.py"
