"""Follow one attempt, by its ticket or its order, through all that a shop still knows of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

import pymysql
from pymysql.constants import ER
from redis import Redis, RedisError

from common import database, stages
from common.backends import Keys, connect_redis, database_name
from common.database import Db, Row
from common.lab import LabError
from common.settings import Settings
from common.shops import KnownShop
from common.trace import logs
from common.trace.moments import Moment, Trace
from common.trace.servers import (
    Fields,
    find_decision,
    find_job,
    find_order,
    from_unix_ms,
    job_moments,
    journal_says,
    order_moment,
    press_state,
    ticket_fields,
)

TICKET = re.compile(r"[1-9][0-9]{0,17}-[0-9A-Za-z_-]{1,64}")
ORDER = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
APPS = " (its created_at, the app's clock)"  # taken when the press arrives, a little before the row is there
COARSE = timedelta(milliseconds=1)

NO_TICKET = "Redis has no such ticket any more: it keeps an ended one for a day, unless it is emptied."
NOBODY_WORKS = "RQ has no job of this ticket: its units are held, and nobody works on it."
FORGOTTEN = "RQ does not know the job any more: it forgets one some minutes after its end."
NO_LOGS = "Where the logs are is not known: the web and the edge are missing here."
NO_LINE = "No log line names the press: its answer was lost, or it was never answered."


def trace(shop: KnownShop, wanted: str) -> Trace | None:
    """The attempt with this ticket or order; None when the shop has neither. `LabError`: it cannot be asked.

    `wanted` is fit to be the one or the other (`is_order`, `is_ticket`).
    """
    try:
        db = database.connect(shop.mysql_url, database_name(shop.stage))
    except pymysql.MySQLError as error:
        if error.args[0] == ER.BAD_DB_ERROR:
            return None  # this stage was never run on these servers
        raise LabError(f"MariaDB cannot be asked: {error.args[-1]}.") from None
    settings = Settings(mysql_url=shop.mysql_url, redis_url=shop.redis_url)
    with closing(db), closing(connect_redis(settings)) as redis:
        try:
            return Follower(shop, db, redis).follow(wanted)
        except RedisError as error:
            raise LabError(f"Redis cannot be asked: {error}.") from None
        except pymysql.MySQLError as error:
            raise LabError(f"MariaDB cannot be asked: {error.args[-1]}.") from None


def is_order(wanted: str) -> bool:
    return bool(ORDER.fullmatch(wanted))


def is_ticket(wanted: str) -> bool:
    return bool(TICKET.fullmatch(wanted)) and not is_order(wanted)


@dataclass(frozen=True)
class Follower:
    shop: KnownShop
    db: Db
    redis: Redis

    @property
    def keys(self) -> Keys:
        return Keys(self.shop.stage)

    @property
    def has_tickets(self) -> bool:
        return "events" in stages.find(self.shop.stage).processes

    @property
    def has_journal(self) -> bool:
        return "consumer" in stages.find(self.shop.stage).processes

    def follow(self, wanted: str) -> Trace | None:
        if not self.has_tickets:
            order = find_order(self.db, wanted) if is_order(wanted) else None
            return self.of_order(order) if order else None
        if not is_order(wanted):
            return self.of_ticket(wanted)
        decision = find_decision(self.db, order_id=wanted)
        return self.of_ticket(decision["ticket"]) if decision else None

    def of_ticket(self, ticket: str) -> Trace | None:
        fields, decision = ticket_fields(self.redis, self.keys, ticket), find_decision(self.db, ticket=ticket)
        if not fields and not decision:
            return None
        order = decision and decision["order_id"] and find_order(self.db, decision["order_id"])
        logged = self.logged(ticket)
        worked, unknown = self.worked(ticket, fields, logged)
        moments = [*logged, *worked]
        if decision:
            moments += decided(decision, order or None)
        moments += ends(fields, moments)
        return Trace(
            f"ticket {ticket} of {self.shop.stage}",
            how_it_ended(fields, decision),
            moments,
            (*unknown, *self.unlogged(moments)),
        )

    def worked(self, ticket: str, fields: Fields, logged: list[Moment]) -> tuple[list[Moment], list[str]]:
        """From the reservation to the last run, and what nobody knows any more."""
        moments, unknown = [], []
        if fields:
            at = after_the_press(from_unix_ms(fields["at"]), logged)
            moments.append(Moment("Redis", at, reserved(ticket, fields)))
        else:
            unknown.append(NO_TICKET)
        if self.has_journal:
            whose = journal_says(self.redis, self.keys, ticket)
            return moments, unknown + [f"It is in the journal: {whose}."] * bool(whose)
        job = find_job(self.redis, ticket)
        if job:
            moments += job_moments(job)
        elif fields.get("state") in ("queued", "working"):
            unknown.append(NOBODY_WORKS)
        else:
            unknown.append(FORGOTTEN)
        if int(fields.get("runs", 0)) > 1:
            unknown.append(f"A worker began {fields['runs']} times; RQ keeps nothing of a killed run.")
        return moments, unknown

    def of_order(self, order: Row) -> Trace:
        """Where there are no tickets, the answer to the press is the order."""
        logged = self.logged(order["id"])
        moments = [*logged, order_moment(order, after_the_press(order["created_at"], logged), APPS)]
        key = order.get("request_key")
        if key:
            state = press_state(self.redis, self.keys, order["sale_id"], order["buyer_id"], key)
            said = f"the press {key} of buyer {order['buyer_id']} is {state or 'not known any more'}"
            moments.append(Moment("Redis", max(each.end for each in moments), said, at_latest=True))
        about = f"order {order['id']} of {self.shop.stage}"
        return Trace(about, f"status {order['status']}", moments, self.unlogged(moments))

    def logged(self, wanted: str) -> list[Moment]:
        lines = logs.lines_about(self.shop.logs, wanted) if self.shop.logs else ()
        return [moment for line in lines for moment in logs.moments(line, wanted)]

    def unlogged(self, moments: list[Moment]) -> tuple[str, ...]:
        if not self.shop.logs:
            return (NO_LOGS,)
        if not any(each.place == "web" and not each.looking for each in moments):
            return (NO_LINE,)
        return ()


def after_the_press(at: datetime, logged: list[Moment]) -> datetime:
    """A time kept to the millisecond only may seem to lie just before the press that it belongs to."""
    return max([at, *(each.at for each in logged if at < each.at < at + COARSE)])


def reserved(ticket: str, fields: Fields) -> str:
    """A press without a key of its own goes by the name of its ticket."""
    units = "1 unit" if fields["quantity"] == "1" else f"{fields['quantity']} units"
    key = "" if ticket.endswith(f"-{fields['key']}") else f" (press {fields['key']})"
    return f"{units} held for buyer {fields['buyer']}{key}; the ticket is written: queued"


def decided(decision: Row, order: Row | None) -> Iterator[Moment]:
    at = decision["decided_at"]
    if order:
        yield order_moment(order, at)
    what = "this order" if decision["order_id"] else f"refused, {decision['problem']}"
    yield Moment("MariaDB", at, f"in the same transaction: decided, once and for all, as {what}")


def ends(fields: Fields, moments: list[Moment]) -> Iterator[Moment]:
    """Redis does not write down when the ticket ended: some time before the end of the run that did it."""
    if fields.get("state") in ("ordered", "refused"):
        known = [each.end for each in moments if not each.looking and each.place != "web"]
        units = "the units are sold" if fields["state"] == "ordered" else "the units are on sale again"
        yield Moment("Redis", max(known), f"the ticket is {fields['state']}; {units}", at_latest=True)


def how_it_ended(fields: Fields, decision: Row | None) -> str:
    if fields.get("state") == "ordered" or (decision and decision["order_id"]):
        order = fields.get("order") or (decision and decision["order_id"])
        return f"ordered: {order}"
    if fields.get("state") == "refused" or decision:
        return f"refused: {fields.get('problem') or (decision and decision['problem'])}"
    return f"not ended: {fields['state']}"
