"""A stage's queue, worked off inside a proof: here, at once, and by whom the proof wants."""

from __future__ import annotations

from typing import Any, NamedTuple

from redis import Redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from common.backends import Backends
from common.orders import Orders
from common.shop import Order, Shop, Ticket, refusal
from common.worker import queue_name


class Queued(NamedTuple):
    """A job as a worker gets it: which task of the shop, with what."""

    task: str
    payload: dict[str, Any]


def take_all(redis: Redis, stage: str) -> tuple[Queued, ...]:
    """Take every job off the stage's queue, the oldest first. Nobody will run it but who has it now."""
    queue = Queue(queue_name(stage), connection=redis, serializer=JSONSerializer)
    taken = [queue.pop_job_id() or "" for _ in range(queue.count)]
    jobs = Job.fetch_many(taken, connection=redis, serializer=JSONSerializer)
    return tuple(Queued(*job.args[1:]) for job in jobs if job)


def work_off(shop: Shop, backends: Backends) -> None:
    """Run jobs until none is left, as one worker would that meets no error."""
    while jobs := take_all(backends.queue, backends.keys.prefix):
        for job in jobs:
            shop.tasks[job.task].run(job.payload)


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
