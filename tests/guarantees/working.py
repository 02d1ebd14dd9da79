"""One piece of background work in a process of its own, to be killed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from common.backends import Backends
from common.proof import jobs
from common.proof.steps import Watcher
from common.settings import Settings
from common.shop import Shop


@dataclass(frozen=True)
class WorkOnce:
    """One job run once (or one batch of a journal worked off), its round trips watched. Can be pickled."""

    create_shop: Callable[[Backends], Shop]
    code: str
    settings: Settings
    job: jobs.Queued

    def __call__(self, watcher: Watcher) -> object:
        shop = self.create_shop(Backends.connect(self.code, self.settings).observe(watcher))
        return shop.tasks[self.job.task].run(self.job.payload)
