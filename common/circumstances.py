"""Under which circumstances a figure was taken: without them it means nothing."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from typing import Any


def circumstances(command: str) -> dict[str, Any]:
    """For the raw file: now, this machine, how busy it is (its load average over a minute), and `command`."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} cores, {platform.platform(terse=True)}",
        "load_average": round(os.getloadavg()[0], 1),
        "command": command,
    }
