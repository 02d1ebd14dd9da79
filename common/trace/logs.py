"""What the log lines of the web and events processes say of an attempt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from common.trace.moments import Moment

Line = dict[str, Any]


def lines_about(folder: Path, wanted: str) -> Iterator[Line]:
    """Each request whose line names the ticket or order `wanted`, in any log of that folder."""
    for file in sorted([*folder.glob("web-*.log"), *folder.glob("events-*.log")]):
        with file.open(encoding="utf-8", errors="replace") as lines:
            for text in lines:
                if wanted in text and (line := request_line(text)):
                    yield line


def request_line(text: str) -> Line | None:
    """A line as `common.web.logs` writes it for a request; None for any other."""
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) and line.get("message") == "request" and "time" in line else None


def moments(line: Line, wanted: str) -> Iterator[Moment]:
    """The press itself, where `wanted` is what it was answered with; a look, where its address names it."""
    until = datetime.fromisoformat(line["time"])
    lasted = timedelta(milliseconds=line["ms"]) if "ms" in line else timedelta(seconds=line["seconds"])
    asked = f"{line['method']} {line['path'].replace(wanted, '…')}"
    pressed = line.get("answered_with") == wanted
    if pressed and line.get("forwarded_for"):
        said = f"passed on for {line['forwarded_for']} (it keeps no log: the time is the app's)"
        yield Moment("edge", until - lasted, said)
    place = "events" if line["name"].startswith("common.events") else "web"
    what = f"{asked}: {line['status']}"
    if pressed:
        what += f" and the {line['outcome']}; request {line['request_id']}"
    yield Moment(place, until - lasted, what, until, looking=not pressed)
