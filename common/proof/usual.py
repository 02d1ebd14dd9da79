"""What every proof begins with: a sale that is open, and an attempt to buy of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from common.backoffice import BackOffice
from common.database import Db
from common.ids import new_id
from common.shop import Attempt, Busy, Challenge, Sale, Shop, Visit, Wait
from common.work import solution

HOUR = timedelta(hours=1)


def terms(now: datetime, limit: int = 1, **changed: Any) -> dict[str, Any]:
    """The fields of a sale that has been open for an hour and will be for another one; some `changed`."""
    fields = {
        "title": "Tea",
        "title_zh": "茶",
        "image": "tea",
        "price_cents": 100,
        "list_price_cents": 2000,
        "buyer_limit": limit,
        "opens_at": now - HOUR,
        "closes_at": now + HOUR,
    }
    return {**fields, **changed}


def sale(
    office: BackOffice, now: datetime, units: int, limit: int = 1, *, publish: bool = True, **changed: Any
) -> Sale:
    """A new sale, made and published by the back office: the stage's listeners hear of it."""
    draft = office.create(terms(now, limit, **changed), units)
    return office.publish(draft.id) if publish else draft


def uncounted(shop: Shop) -> Shop:
    """The shop, with its limits on presses off, if it has any: a proof presses faster than a person."""
    if shop.limits:
        shop.limits.change(dict.fromkeys(shop.limits.show()))
    return shop


def trusting(shop: Shop) -> Shop:
    """The shop, whose door, if it has one, suspects nobody, asks no work, and has permits for everybody."""
    if shop.doorkeeper:
        shop.doorkeeper.change(dict.fromkeys(shop.doorkeeper.settings(), 0) | {"seconds": 3600})
    return shop


def let_in(shop: Shop, attempt: Attempt) -> Attempt:
    """The attempt with the permit that its buyer gets at the shop's door; as it is, where there is none.

    The door's refusal is the buyer's, as if it came from the press. One that carries a permit keeps it.
    """
    if shop.door is None or attempt.permit:
        return attempt
    visit = Visit(attempt.sale_id, attempt.buyer_id, attempt.client)
    entry = shop.door.enter(visit)
    if isinstance(entry, Challenge):
        entry = shop.door.enter(replace(visit, solution=solution(entry.token, entry.bits)))
    if isinstance(entry, Wait):
        raise Busy("No permit is free", retry_after=entry.seconds)
    assert not isinstance(entry, Challenge), "the door does not take the right solution"
    return replace(attempt, permit=entry.token)


def published(sale_id: int, now: datetime, units: int, limit: int) -> Sale:
    """The usual sale with this id, as nobody has touched it yet."""
    return Sale(id=sale_id, **terms(now, limit), initial=units, stock=units, state="published", version=1)


def add(db: Db, sales: Sequence[Sale]) -> None:
    """Put these sales into the database, in one statement. Nobody hears of them."""
    rows = [vars(each) for each in sales]
    columns, places = ", ".join(rows[0]), ", ".join(["%s"] * len(rows[0]))
    db.run_many(
        f"INSERT INTO sales ({columns}) VALUES ({places})",  # noqa: S608
        [tuple(row.values()) for row in rows],
    )


def attempt(sale_id: int, buyer_id: int, now: datetime, quantity: int = 1, key: str | None = None) -> Attempt:
    """One press of the button, with a key of its own unless `key` is given."""
    return Attempt(
        id=new_id(),
        sale_id=sale_id,
        buyer_id=buyer_id,
        quantity=quantity,
        key=key or new_id(),
        client="127.0.0.1",
        deadline=now + timedelta(seconds=10),
    )
