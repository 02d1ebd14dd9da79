"""Run a server after removing what a killed one left: the files of its unix sockets.

Neither nginx nor granian does that, and both refuse to listen where a file lies.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path


def after_removing(files: Sequence[Path], argv: Sequence[str | Path]) -> list[str]:
    """The command that removes `files` and then becomes `argv`."""
    words = [sys.executable, "-I", "-S", __file__, *files, "--", *argv]
    return [os.fspath(word) for word in words]


if __name__ == "__main__":
    end = sys.argv.index("--")
    for file in sys.argv[1:end]:
        Path(file).unlink(missing_ok=True)
    os.execv(sys.argv[end + 1], sys.argv[end + 1 :])  # noqa: S606
