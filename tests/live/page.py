"""A live page as a browser sees it, without one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

Reading = dict[str, Any]


class Page:
    """The one whose address a command has printed after `label`."""

    def __init__(self, said: str, label: str) -> None:
        found = re.search(rf"{label}: +(\S+)/\?key=(\S+)", said)
        assert found, said
        self.site, self.key = found.groups()

    def press(self, name: str, key: str | None = None) -> tuple[int, str]:
        headers = {"X-Lab-Key": self.key if key is None else key}
        try:
            with urlopen(Request(f"{self.site}/do/{name}", b"", headers), timeout=60) as answer:
                return answer.status, json.load(answer)["said"]
        except HTTPError as error:
            with error:
                return error.code, json.load(error)["said"]

    def events(self, wanted: str = "reading") -> Iterator[Reading]:
        """Each event of that kind as it comes."""
        with urlopen(f"{self.site}/readings", timeout=20) as stream:
            kind = ""
            for line in stream:
                name, _, text = line.decode().partition(": ")
                kind = text.strip() if name == "event" else kind
                if name == "data" and kind == wanted:
                    yield json.loads(text)

    def until(self, seen: Callable[[Reading], bool]) -> Reading:
        """The first reading of the next 200 that `seen` says yes to."""
        for _, reading in zip(range(200), self.events(), strict=False):
            if seen(reading):
                return reading
        raise AssertionError(f"never seen; the last reading was {reading}")
