"""A stage's queue or journal, worked off inside a proof: here, at once, and by whom the proof wants."""

from __future__ import annotations

from typing import Any, NamedTuple

from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from common.backends import Backends
from common.journal import JOURNAL, TASK
from common.orders import Orders
from common.shop import Order, Shop, Ticket, refusal
from common.worker import queue_name

HOUR = 3_600_000  # milliseconds


class Queued(NamedTuple):
    """A job as a worker gets it: which task of the shop, with what."""

    task: str
    payload: dict[str, Any]


def take_all(shop: Shop, backends: Backends, sale_id: int) -> tuple[Queued, ...]:
    """What waits to be done, the oldest first; nothing where a stage does everything at once.

    Jobs are taken off the stage's queue, those of other sales too: nobody will run them but who has them now.
    Entries of the sale's journal stay in it: for each there is the task that works them off together.
    """
    if TASK in shop.tasks:
        return (Queued(TASK, {"sale": sale_id}),) * _waiting(backends, sale_id)
    return _taken_off(backends) if shop.tasks else ()


def work_off(shop: Shop, backends: Backends, sale_id: int) -> None:
    """Do all that waits, as one worker would that meets no error; in a journal, until it gets no shorter.

    What a consumer that has died left in a journal has been left for long enough.
    """
    before = None
    while (jobs := take_all(shop, backends, sale_id)) and jobs != before:
        if TASK in shop.tasks:
            before, jobs = jobs, jobs[:1]
            let_time_pass(backends, sale_id)
        for job in jobs:
            shop.tasks[job.task].run(job.payload)


def let_time_pass(backends: Backends, sale_id: int) -> None:
    """For an hour nobody has heard of those who have entries of this sale's journal."""
    redis, key = backends.stock, backends.keys(sale_id, JOURNAL)
    for group in redis.xinfo_groups(key):
        for each in redis.xpending_range(key, group["name"], "-", "+", 100_000):
            entry, whose = each["message_id"], each["consumer"]
            redis.xclaim(key, group["name"], whose, 0, [entry], idle=HOUR, justid=True)  # type: ignore[arg-type]


def _waiting(backends: Backends, sale_id: int) -> int:
    return int(backends.stock.xlen(backends.keys(sale_id, JOURNAL)))


def _taken_off(backends: Backends) -> tuple[Queued, ...]:
    queue = Queue(queue_name(backends.keys.prefix), connection=backends.queue, serializer=JSONSerializer)
    taken = [queue.pop_job_id() or "" for _ in range(queue.count)]
    jobs = Job.fetch_many(taken, connection=backends.queue, serializer=JSONSerializer)
    return tuple(Queued(*job.args[1:]) for job in jobs if job)


def end_of(outcome: object, shop: Shop, backends: Backends) -> object:
    """What became of a ticket: its order or its refusal; the ticket itself while it has no end.

    Anything else than a ticket is its own end.
    """
    if not isinstance(outcome, Ticket) or shop.tickets is None:
        return outcome
    ticket = shop.tickets.get(outcome.id) or outcome
    if ticket.state == "refused":
        return refusal(ticket.problem or "")
    order: Order | None = Orders(backends.sql).get(ticket.buyer_id, ticket.order_id or "")
    return order or ticket
