"""Run a server that listens on unix sockets: what a killed one left of them is removed first.

Neither nginx nor granian does that, and both refuse to listen where a file lies.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path


def on_sockets(sockets: Sequence[Path], argv: Sequence[str | Path]) -> list[str]:
    """The command that removes `sockets` and then becomes `argv`."""
    words = [sys.executable, "-I", "-S", __file__, *sockets, "--", *argv]
    return [os.fspath(word) for word in words]


if __name__ == "__main__":
    end = sys.argv.index("--")
    for socket in sys.argv[1:end]:
        Path(socket).unlink(missing_ok=True)
    os.execv(sys.argv[end + 1], sys.argv[end + 1 :])  # noqa: S606
