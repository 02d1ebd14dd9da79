"""`./seckill up`"""

from __future__ import annotations

import click

from common.cli.stage_argument import STAGE
from common.stages import Stage

BUYERS = 1000


@click.command()
@click.argument("stage", type=STAGE, metavar="STAGE")
@click.option(
    "--buyers", default=BUYERS, show_default=True, type=click.IntRange(1, 1_000_000), help="Demo buyers."
)
@click.option("--port", type=click.IntRange(1024, 65535), help="The port; 8000, or a free one, unless told.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Web processes.")
@click.option(
    "--jobs",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Workers on the queue (s06), consumers of the journal (from s07).",
)
@click.option("--lab", "live", is_flag=True, help="The live lab too: a page to watch it, and to break it.")
@click.option(
    "--room", is_flag=True, help="A room sale: everybody presses Buy on a phone, a projector shows."
)
@click.option(
    "--lan",
    is_flag=False,
    flag_value="auto",
    metavar="[ADDRESS]",
    help="Let phones of the local network into the room, at this machine's ADDRESS there.",
)
@click.option("--dashboard", is_flag=True, help="rq-dashboard too, on loopback (s06).")
@click.option(
    "--with",
    "plugs",
    multiple=True,
    metavar="KEYWORD=MODULE:CLASS",
    help="Put another class into the stage. May be repeated.",
)
def up(
    *,
    stage: Stage,
    buyers: int,
    port: int | None,
    workers: int,
    jobs: int,
    live: bool,
    room: bool,
    lan: str | None,
    dashboard: bool,
    plugs: tuple[str, ...],
) -> None:
    """Run one stage until Ctrl-C: servers, database, web; from s06 on workers (from s07 on
    consumers) and the events process.

    Prints the address, the logins, a ready curl line, and the addresses of its MariaDB and Redis for tools of
    yours. Everything it made is removed at its end. Everything listens on this machine only; with --lan one
    page with one button, that of the room, can be reached from the local network.

    \b
    ./seckill up s01
    ./seckill up s06 --jobs 2 --dashboard
    ./seckill up s05 --lab
    ./seckill up s01 --room --lan
    ./seckill up s02 --with checkout=stages.s02_guarded_update.variants:RowLockCheckout
    """
    from contextlib import ExitStack
    from functools import partial

    from common.cli.console import new_console
    from common.cli.dashboard import check_dashboard, start_dashboard
    from common.cli.invitation import invite, show_room, stay, stay_whatever_ends
    from common.lab import Lab
    from common.live import watched
    from common.ports import claimed
    from common.room import opened
    from common.room.address import LOOPBACK, lan_address
    from common.running import check_plugs, run_stage

    check_plugs(stage, plugs)
    if lan and not room:
        raise click.UsageError("--lan is about the room: add --room.")
    if dashboard:
        check_dashboard(stage)
    host = lan_address(lan) if lan else LOOPBACK
    console = new_console()
    with ExitStack() as stack:
        ours = stack.enter_context(claimed(port))
        lab = stack.enter_context(Lab(say=console.print))
        start = partial(
            run_stage, lab, stage, port=ours, buyers=buyers, workers=workers, jobs=jobs, plugs_wanted=plugs
        )
        running, address = stack.enter_context(watched(lab, start)) if live else (start(), None)
        invite(console, running)
        if address:
            console.print(f"[bold]Live lab:[/]  {address}", soft_wrap=True)
        if room:
            show_room(console, host, *stack.enter_context(opened(running, host, seats=buyers)))
        if dashboard:
            console.print(f"[bold]Dashboard:[/] {start_dashboard(lab, running)}")
        if live:
            stay_whatever_ends(console)
        stay(console, running)
