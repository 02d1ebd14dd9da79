"""What one look at one guarantee showed."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """`met` is the power check: false when the interesting thing never happened, so that nothing is shown."""

    kept: bool
    met: bool
    evidence: str
