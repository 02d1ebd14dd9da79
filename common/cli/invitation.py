"""What a reader needs to use a running shop: address, logins, a ready curl line, where its servers are."""

from __future__ import annotations

import shlex
import sys
import threading
from datetime import UTC, datetime
from typing import Any, NoReturn

from rich.console import Console

from common.lab import LabError
from common.processes import CONSUMER, worker_words
from common.room.address import LOOPBACK
from common.running import Running
from common.service import service_argv
from common.worker import queue_name


def invite(console: Console, running: Running) -> None:
    """Print it. Long lines stay whole, so that they can be copied."""
    settings = running.settings
    addresses = {
        "MYSQL_URL": settings.mysql_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key,
    }
    lines = {
        "Shop": running.url,
        "Logins": "buyer00001 / demo, buyer00002 / demo, …; the back office at /admin: admin / admin",
        "Buy": curl_line(running),
        "Beside it": "export "
        + " ".join(f"{name}={shlex.quote(value)}" for name, value in addresses.items()),
    }
    if "worker" in running.stage.processes:
        lines |= queue_lines(running)
    if "consumer" in running.stage.processes:
        lines |= journal_lines(running)
    console.print(f"\n[bold]{running.stage.name}[/] is running ({running.stage.title['en']})")
    for name, text in lines.items():
        console.print(f"[bold]{name + ':':<11}[/]", end="")
        console.print(text, soft_wrap=True, markup=False)


def queue_lines(running: Running) -> dict[str, str]:
    """How many workers there are, how to start one more, how to look at the queue. (`rq` is in .venv/bin.)"""
    count = len(running.workers)
    address, queue = shlex.quote(running.settings.redis_url), queue_name(running.stage.code)
    return {
        "Workers": f"{count}, started again when killed; and one process for events",
        "One more": shlex.join(["rq", *worker_words(running.stage, running.settings)]),
        "Queue": f"rq info --url {address} {queue}",
        "One press": "./seckill trace TICKET",
    }


def journal_lines(running: Running) -> dict[str, str]:
    """How many consumers there are, how to start one more, how to look at a journal."""
    count, sale_id = len(running.workers), an_open_sale(running)["id"]
    return {
        "Consumers": f"{count}, started again when killed; and one process for events",
        "One more": shlex.join(service_argv(running.stage, CONSUMER)),
        "Journal": shlex.join([sys.executable, "-m", "common.journal", running.stage.code, str(sale_id)]),
    }


def show_room(console: Console, host: str, projector: str, phones: str) -> None:
    """The addresses of a room, and who can reach them."""
    console.print(f"[bold]Projector:[/] {projector}", soft_wrap=True)
    console.print(f"[bold]Phones:[/]    {phones}", soft_wrap=True)
    if host == LOOPBACK:
        reach = "Only this machine reaches it: --lan lets the phones of the local network in."
    else:
        reach = (
            f"Whoever reaches {host} can open this one page and press its one button, as a demo buyer, while"
            " this command runs. Projector, shop, back office, MariaDB and Redis stay on this machine."
        )
    console.print(reach, style="yellow")


def curl_line(running: Running) -> str:
    """A command that buys one unit of a sale that is open now; through its door, if it has one."""
    token, sale = running.buyer_token(), an_open_sale(running)
    words = ["curl", "-s", f"{running.url}/api/sales/{sale['id']}/orders"]
    for header in (f"Authorization: Bearer {token}", "Content-Type: application/json"):
        words += ["-H", header]
    if not sale["entry"]:
        return shlex.join([*words, "-d", '{"quantity": 1}'])
    permit = shlex.join([sys.executable, "-m", "common.work", running.url + sale["entry"], token])
    return f"""{shlex.join(words)} -d '{{"quantity": 1, "permit": "'"$({permit})"'"}}'"""


def an_open_sale(running: Running) -> dict[str, Any]:
    sales: list[dict[str, Any]] = running.admin("GET", "/api/sales")["sales"]
    now = datetime.now(UTC)
    for sale in sales:
        opens, closes = (datetime.fromisoformat(sale[name]) for name in ("opens_at", "closes_at"))
        if sale["state"] == "published" and opens <= now < closes and sale["left"]:
            return sale
    return sales[0] if sales else {"id": 1, "entry": None}


LISTEN = 0.5  # seconds; a Ctrl-C that the system gives to another thread is heard when the wait is over
HOW_TO_END = "\nCtrl-C ends it, and removes all that it made."


def stay(console: Console, running: Running) -> None:
    """Keep the shop open until Ctrl-C (`KeyboardInterrupt`); `LabError` when its web processes end before."""
    console.print(HOW_TO_END)
    while running.web.wait(LISTEN) is None:
        pass
    raise LabError(f"The web processes have ended: {running.web.last_words()}")


def stay_whatever_ends(console: Console) -> NoReturn:
    """Until Ctrl-C, whoever is killed meanwhile."""
    console.print(HOW_TO_END)
    while True:
        threading.Event().wait(LISTEN)
