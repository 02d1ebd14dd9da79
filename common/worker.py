"""What a worker runs: every background job of every stage goes by one dotted path, `common.worker.run`.

A job says where it belongs ("s06"), which task of that shop does it ("order"), and gives it a JSON payload.
So a queue holds names and data, never pickled code, and any worker that can import this file can work it off.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from common import stages
from common.backends import Backends
from common.settings import Settings
from common.shop import Shop
from common.web.seam import VARIABLE, plugs


def run(stage: str, task: str, payload: dict[str, Any]) -> None:
    """Run one task of a stage's shop. What it raises is for RQ to retry or to file as failed.

    `LookupError` when there is no such stage or the stage has no such task.
    """
    tasks = shop_of(stage).tasks
    if task not in tasks:
        raise LookupError(f"{stage} has no task {task!r}; it has {', '.join(tasks) or 'none'}")
    tasks[task].run(payload)


@cache
def shop_of(stage: str) -> Shop:
    """The stage's shop in this process: made once, kept, and with what SECKILL_WITH plugs in.

    Opens no connection, so a worker that forks a child for each job calls it before: each child then opens
    its own.
    """
    described = stages.find(stage)
    create_shop = described.load().create_shop
    backends = Backends.connect(described.code, Settings.from_env())
    shop: Shop = create_shop(backends, **plugs(os.environ.get(VARIABLE, ""), create_shop))
    return shop


def queue_name(stage: str) -> str:
    """The one queue of a stage's workers, as `rq worker` is told it. A worker listens to one queue only: on
    several, RQ takes jobs off with a command that loses the job of a worker that dies at that moment."""
    return f"{stage}:orders"
