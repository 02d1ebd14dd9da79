"""What a stage's journal is called (from s07 on), and what is in it: `python -m common.journal s07 42`.

The journal is the stage's own; the live lab, the proofs and a curious reader look at it from outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import click
from redis import Redis

from common.backends import Backends, Keys
from common.cli.stage_argument import STAGE
from common.settings import Settings
from common.stages import Stage

JOURNAL = "journal"
"""`keys(sale_id, JOURNAL)` is the stream of a sale. An entry is in it until it is settled."""

TASK = "drain"
"""The task of the shop that works off one batch of it: `run({"sale": 42})`."""


class Unsettled(NamedTuple):
    """An entry as it lies in the journal, and who has it."""

    entry: str
    fields: dict[str, str]
    whose: str


def unsettled(redis: Redis, keys: Keys, sale_id: int, most: int) -> list[Unsettled]:
    """The oldest entries of a sale's journal; none where there is no journal."""
    key = keys(sale_id, JOURNAL)
    if not redis.exists(key):
        return []
    groups = [each["name"] for each in redis.xinfo_groups(key)]
    pending = [each for group in groups for each in redis.xpending_range(key, group, "-", "+", most)]
    had = {each["message_id"]: each for each in pending}
    oldest: Any = redis.xrange(key, count=most)
    return [
        Unsettled(
            entry.decode(),
            {name.decode(): value.decode() for name, value in fields.items()},
            _whose(had.get(entry)),
        )
        for entry, fields in oldest
    ]


def described(backends: Backends, sale_id: int, most: int = 20) -> Iterator[str]:
    """The journal of a sale in lines: how long it is, and its oldest entries, with who has them."""
    key = backends.keys(sale_id, JOURNAL)
    yield f"{key}: {backends.stock.xlen(key)} entries that are not settled"
    for each in unsettled(backends.stock, backends.keys, sale_id, most):
        told = " ".join(f"{name}={value}" for name, value in each.fields.items())
        yield f"{each.entry}  {told}  {each.whose}"


def _whose(had: dict[str, Any] | None) -> str:
    if had is None:
        return "nobody has had it"
    seconds, times = had["time_since_delivered"] / 1000, had["times_delivered"]
    return f"{had['consumer'].decode()} has had it for {seconds:.1f} s; handed out {times} ×"


@click.command()
@click.argument("stage", type=STAGE)
@click.argument("sale_id", type=click.IntRange(1))
def main(stage: Stage, sale_id: int) -> None:
    """Show what is in the journal of one sale."""
    for line in described(Backends.connect(stage.code, Settings.from_env()), sale_id):
        click.echo(line)


if __name__ == "__main__":
    main()
