"""`./seckill reset`"""

from __future__ import annotations

import click

from common.cli.stage_argument import STAGE
from common.stages import Stage


@click.command()
@click.argument("stage", type=STAGE, metavar="STAGE")
@click.option(
    "--buyers", default=1000, show_default=True, type=click.IntRange(1, 1_000_000), help="At least."
)
@click.option("--yes", is_flag=True, help="Do not ask; for servers that ./seckill has not started itself.")
def reset(stage: Stage, buyers: int, yes: bool) -> None:
    """Empty a stage that runs: no orders, the demo catalogue as of now.

    Buyers stay, and stay signed in; sales get new numbers. The shop goes on running. Looks at the shops that
    run on this machine, or at MYSQL_URL and REDIS_URL; there it asks first, for what is gone is gone.

    \b
    ./seckill reset s05
    """
    import pymysql
    from redis import RedisError

    from common.cli.console import new_console
    from common.lab import LabError
    from common.resetting import reset
    from common.shops import nothing_to_ask, shops_to_ask

    shops = shops_to_ask([stage.code])
    if not shops:
        raise LabError(nothing_to_ask(stage))
    for shop in shops:
        if not shop.logs and not yes:
            click.confirm(f"Empty {stage.name} at MYSQL_URL and REDIS_URL?", abort=True)
        try:
            gone = reset(shop, buyers)
        except (pymysql.MySQLError, RedisError) as error:
            raise LabError(f"The servers of {stage.name} do not answer: {error.args[-1]}.") from None
        where = f" at {shop.url}" if shop.url else ""
        new_console().print(f"{stage.name}{where}: {gone} orders are gone, and the catalogue is new.")
