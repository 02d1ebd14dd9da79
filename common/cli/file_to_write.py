"""The FILE of an option: one that can be written, found out before any work is done for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click


class FileToWrite(click.Path):
    """A file's path; fails when it is a folder, or when there is no folder to write it in."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        folder = path.absolute().parent
        if not os.access(folder, os.W_OK):
            self.fail(f"{folder} is no folder that you can write in", param, ctx)
        return path


FILE = FileToWrite()
