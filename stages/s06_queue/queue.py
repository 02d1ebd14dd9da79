"""The queue between the shop and its workers: RQ, told explicitly what it would otherwise choose for us."""

from __future__ import annotations

from contextlib import suppress

from redis import Redis
from rq import Queue, Retry
from rq.exceptions import DuplicateJobError
from rq.serializers import JSONSerializer

from common.worker import queue_name

TASK = "order"
JOB_TIMEOUT = 30  # seconds of work on one order, then the job fails and is run again
RUNS = 600  # times that RQ runs a job again: with the worker's pause, ten minutes without a database
KEEP_DONE, KEEP_FAILED = 300, 7 * 24 * 3600  # seconds for which `rq info` and the dashboard still know a job


class OrderQueue:
    """Puts tickets into the stage's queue; a worker then runs the task `order` for each.

    Guarantees that a ticket has one job, however often it is put; that a job whose worker died runs again.
    So a job runs at least once, perhaps twice at the same time. Does not bound the queue: reserve.lua does.
    JSON, because whoever can write to Redis could have a pickle run any code in the worker.
    """

    def __init__(self, redis: Redis, stage: str) -> None:
        self._stage = stage
        self._queue = Queue(queue_name(stage), connection=redis, serializer=JSONSerializer)

    def put(self, ticket: str) -> None:
        """Raises `RedisError`: then nobody knows whether the ticket is in the queue."""
        with suppress(DuplicateJobError):  # it is there: what was to be brought about is so
            self._queue.enqueue_call(
                "common.worker.run",
                args=(self._stage, TASK, {"ticket": ticket}),
                job_id=ticket,
                unique=True,
                retry=Retry(max=RUNS),
                timeout=JOB_TIMEOUT,
                result_ttl=KEEP_DONE,
                failure_ttl=KEEP_FAILED,
            )
