"""What Redis, RQ and MariaDB still know of an attempt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import chain

from redis import Redis
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.results import Result
from rq.serializers import JSONSerializer

from common.backends import Keys
from common.database import Db, Row
from common.journal import unsettled
from common.trace.moments import Moment

MOST_ENTRIES = 10_000  # of a journal that are looked through for one ticket

AGAIN = timedelta(seconds=0.5)  # RQ keeps when a job was made, and when it was put into the queue last

Fields = Mapping[str, str]


def ticket_fields(redis: Redis, keys: Keys, ticket: str) -> Fields:
    """The ticket's hash in Redis; empty when there is none."""
    sale, _, token = ticket.partition("-")
    return text_of(redis.hgetall(keys(int(sale), f"ticket:{token}")))


def press_state(redis: Redis, keys: Keys, sale_id: int, buyer_id: int, key: str) -> str:
    """What Redis has written down for a press ("held", "ordered"); "" when nothing."""
    kept = redis.hget(keys(sale_id, "requests"), f"{buyer_id}:{key}")
    return kept.decode().rpartition(" ")[2] if isinstance(kept, bytes) else ""


def journal_says(redis: Redis, keys: Keys, ticket: str) -> str:
    """Who has the ticket's entry in the journal; "" when there is none, because it is settled."""
    sale, _, token = ticket.partition("-")
    entries = unsettled(redis, keys, int(sale), MOST_ENTRIES)
    return next((each.whose for each in entries if each.fields.get("token") == token), "")


def find_job(redis: Redis, ticket: str) -> Job | None:
    """The ticket's job, while RQ keeps it."""
    try:
        return Job.fetch(ticket, redis, JSONSerializer)
    except NoSuchJobError:
        return None


def job_moments(job: Job) -> Iterator[Moment]:
    """Put into the queue, and each run that has ended or is under way."""
    made, queued = aware(job.created_at), aware(job.enqueued_at or job.created_at)
    yield Moment("queue", made, f"put into {job.origin}")
    if queued - made > AGAIN:
        yield Moment("queue", queued, "put into it again: a run failed, or its worker was found dead")
    runs = [result for result in reversed(Result.all(job)) if result.execution_started_at]
    for result in runs:
        how = result.type.name.lower().replace("_", " ")
        what = f"a run of the job by {worker_called(job.connection, result.worker_name)}: {how}"
        ended = result.execution_ended_at or result.created_at
        yield Moment("worker", aware(result.execution_started_at), what, aware(ended))
    latest = job.started_at and aware(job.started_at)
    if latest and not job.ended_at and not any(run.execution_started_at == job.started_at for run in runs):
        yield Moment("worker", latest, f"{worker_called(job.connection, job.worker_name)} began; not ended")


def worker_called(redis: Redis, name: str | None) -> str:
    """RQ's name of a worker says nothing to a reader; its process id does, while RQ knows it."""
    pid = redis.hget(f"rq:worker:{name}", "pid")
    return f"process {pid.decode()}" if isinstance(pid, bytes) else f"worker {(name or '?')[:8]}"


def order_moment(row: Row, at: datetime, by_whose_clock: str = "") -> Moment:
    """The row of an order, written `at`; its own column may name another time."""
    bought = f"{row['quantity']} at {row['price_cents']} cents, {row['status']}"
    return Moment("MariaDB", at, f"the order is written{by_whose_clock}: {bought}")


def find_order(db: Db, order_id: str) -> Row | None:
    return db.one("SELECT * FROM orders WHERE id = %s", order_id)


def find_decision(db: Db, *, ticket: str = "", order_id: str = "") -> Row | None:
    """What was decided about a ticket, or the decision that made this order."""
    return db.one("SELECT * FROM decisions WHERE ticket = %s OR order_id = %s", ticket, order_id)


def from_unix_ms(milliseconds: str) -> datetime:
    """A time as the scripts write it down."""
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


def aware(time: datetime) -> datetime:
    """RQ's times are in UTC, and do not all say so."""
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def text_of(fields: object) -> Fields:
    assert isinstance(fields, dict)
    words = iter([each.decode() for each in chain.from_iterable(fields.items())])
    return dict(zip(words, words, strict=True))
