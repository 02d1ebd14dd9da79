"""`./seckill trace`"""

from __future__ import annotations

import click

from common.cli.stage_argument import STAGE
from common.stages import Stage, all_stages


@click.command()
@click.argument("wanted", metavar="TICKET")
@click.option("--stage", type=STAGE, metavar="STAGE", help="Look at this stage only.")
def trace(wanted: str, stage: Stage | None) -> None:
    """One attempt, followed through edge, web, Redis, queue, worker, MariaDB.

    TICKET is what a press was answered with; the id of an order will do too, and is all there is before s06.
    Looks at the shops that run on this machine, or at MYSQL_URL and REDIS_URL. It reads what the shop keeps
    anyway, so it also says what nobody knows: RQ, for one, forgets a job five minutes after its end.

    \b
    ./seckill trace 4-01a22876-b188-7b62-87f9-d512e5e60927
    ./seckill trace 01a22876-b446-7fff-a4a6-0a6dda9f45cf --stage s02
    """
    from common.cli.console import new_console
    from common.lab import LabError
    from common.shops import nothing_to_ask, shops_to_ask
    from common.trace.follow import is_order, is_ticket, trace
    from common.trace.view import timeline

    if not is_order(wanted) and not is_ticket(wanted):
        raise click.UsageError(f"{wanted!r} can be neither a ticket nor an order.")
    shops = shops_to_ask([stage.code] if stage else [each.code for each in all_stages()])
    if not shops:
        raise LabError(nothing_to_ask(stage))
    found = next(filter(None, (trace(shop, wanted) for shop in shops)), None)
    if found is None:
        asked = ", ".join(f"{shop.stage} {shop.url}".rstrip() for shop in shops)
        raise LabError(f"There is no ticket and no order {wanted} (asked: {asked}).")
    new_console().print(timeline(found))
