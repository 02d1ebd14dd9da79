"""Other ways to the same end: one job of RQ for each batch, and a consumer without patience."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rq import Queue, Retry
from rq.serializers import JSONSerializer

from common.worker import queue_name
from stages.s05_redis_stock.counter import milliseconds
from stages.s06_queue.queue import JOB_TIMEOUT, KEEP_DONE, KEEP_FAILED, RUNS
from stages.s07_journal.consumer import Drain
from stages.s07_journal.journal import Journal, Recorded, recorded


class Impatient(Journal):
    """Takes every other consumer for dead at once: for proofs of what happens when it is only slow."""

    idle = 0.0


class Patient(Journal):
    """Waits for longer than RQ needs to find out about a dead worker. To be used with `BatchJobs`."""

    idle = 120.0


class BatchJobs(Drain):
    """Puts each batch into the queue of s06 as one job; a worker of RQ writes it. To be used with `Patient`.

    Guarantees what `Drain` guarantees: entries stay in the journal until a worker has settled them, so a
    batch whose job was lost is handed out again, and becomes another job. Costs one more kind of process and
    one more way through Redis; two parties look after the batch of a dead worker; and the consumer, which no
    longer waits for MariaDB, takes more than workers can write: the queue grows instead of the journal.
    """

    def run(self, payload: dict[str, Any]) -> None:
        if "batch" in payload:
            super().settle([_read(payload["sale"], written) for written in payload["batch"]])
        else:
            super().run(payload)

    def settle(self, batch: Sequence[Recorded]) -> None:
        if not batch:
            return
        stage, sale_id = self._journal.keys.prefix, batch[0].attempt.sale_id
        queue = Queue(queue_name(stage), connection=self._journal.redis, serializer=JSONSerializer)
        queue.enqueue_call(
            "common.worker.run",
            args=(stage, self.name, {"sale": sale_id, "batch": [_written(each) for each in batch]}),
            retry=Retry(max=RUNS),
            timeout=JOB_TIMEOUT,
            result_ttl=KEEP_DONE,
            failure_ttl=KEEP_FAILED,
        )


def _written(each: Recorded) -> dict[str, str | int]:
    attempt, at = each.attempt, milliseconds(each.at)
    return {
        "token": each.token,
        "buyer": attempt.buyer_id,
        "key": attempt.key,
        "quantity": attempt.quantity,
        "at": at,
        "entry": each.entry,
        "times": each.runs,
    }


def _read(sale_id: int, written: dict[str, Any]) -> Recorded:
    told = {name.encode(): str(value).encode() for name, value in written.items()}
    return recorded(sale_id, written["entry"], told, written["times"])
