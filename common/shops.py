"""The shops that run here. Each leaves a note in its run's folder, so that another command finds it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from common.lab.places import folders_in_use
from common.settings import Settings
from common.stages import Stage

NOTE = "shop-*.json"


@dataclass(frozen=True)
class KnownShop:
    """A shop as another command sees it. `logs` is the folder of its processes' logs, if that is known."""

    stage: str
    url: str
    mysql_url: str
    redis_url: str
    logs: Path | None = None

    def leave_note(self, folder: Path) -> None:
        """Into the folder of a run, which is removed with the run. Holds no secret.

        One for each stage: two shops of one stage share database, Redis and the folder of the logs.
        """
        note = folder / NOTE.replace("*", self.stage)
        note.write_text(json.dumps({**asdict(self), "logs": str(self.logs)}), "utf-8")

    @classmethod
    def from_note(cls, note: Path) -> Self:
        fields = json.loads(note.read_text("utf-8"))
        return cls(**{**fields, "logs": Path(fields["logs"])})


def running_shops() -> list[KnownShop]:
    """Those that were started from this folder and whose run has not ended."""
    return [KnownShop.from_note(note) for folder in folders_in_use() for note in sorted(folder.glob(NOTE))]


def nothing_to_ask(stage: Stage | None) -> str:
    """What to say when there is no shop (of that stage)."""
    which = f"No {stage.code}" if stage else "No shop"
    return f"{which} runs here: start one with `./seckill up`, or set MYSQL_URL and REDIS_URL."


def shops_to_ask(stages: list[str]) -> list[KnownShop]:
    """Those of `stages` at the addresses in the environment, if it names any; else those that run here."""
    running = [shop for shop in running_shops() if shop.stage in stages]
    named = {name for name in ("MYSQL_URL", "REDIS_URL") if os.environ.get(name)}
    if not named:
        return running
    settings = Settings.from_env()
    known = [
        shop
        for shop in running
        if (shop.mysql_url, shop.redis_url) == (settings.mysql_url, settings.redis_url)
    ]
    return known or [KnownShop(stage, "", settings.mysql_url, settings.redis_url) for stage in stages]
