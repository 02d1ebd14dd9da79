"""`up` prints what one needs to use the shop, and all of it works; `load` ends by itself with a summary."""

from __future__ import annotations

import json
import re
import shlex
import signal
import socket
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import redis

from common import database
from common.backends import database_name
from common.lab import keeper
from common.lab.sockets import free_port
from tests.cli.conftest import Command, wait_until

Start = Callable[..., Command]


def run_curl(line: str) -> dict[str, object]:
    """What the printed curl line does, where there may be no curl."""
    words = shlex.split(line)
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    body = words[words.index("-d") + 1].encode()
    with urllib.request.urlopen(urllib.request.Request(words[2], body, headers), timeout=10) as answer:
        assert answer.status == 201
        return dict(json.load(answer))


def line_after(label: str, said: str) -> str:
    found = re.search(rf"^{label}: +(.*)$", said, re.MULTILINE)
    assert found, said
    return found[1]


def test_up_prints_lines_that_work_as_they_are(command: Start) -> None:
    port = free_port()
    run = command("up", "s02", "--port", str(port), "--buyers", "5")
    said = run.wait_for("removes all that it made")
    assert line_after("Shop", said) == f"http://127.0.0.1:{port}"

    order = run_curl(line_after("Buy", said))
    exports = dict(word.split("=", 1) for word in shlex.split(line_after("Beside it", said))[1:])
    with closing(database.connect(exports["MYSQL_URL"], database_name("s02"))) as db:
        assert db.one("SELECT buyer_id FROM orders WHERE id = %s", order["id"]) == {"buyer_id": 1}
    with closing(redis.Redis.from_url(exports["REDIS_URL"])) as client:
        assert client.ping()

    family, folders = run.belongings()
    run.process.send_signal(signal.SIGINT)
    assert run.wait() == 130
    wait_until(lambda: not family & keeper.processes().keys(), lambda: f"still running: {family}")
    assert folders and not any(folder.exists() for folder in folders)


def test_up_runs_the_class_that_is_plugged_in(command: Start) -> None:
    run = command(
        *("up", "s02", "--buyers", "5", "--workers", "1", "--port", str(free_port())),
        *("--with", "checkout=stages.s02_guarded_update.variants:RowLockCheckout"),
    )
    said = run.wait_for("removes all that it made")
    assert run_curl(line_after("Buy", said))["quantity"] == 1


def test_a_port_that_is_taken_is_said_before_anything_starts(command: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = command("up", "s01", "--port", str(port))
        assert run.wait() == 2
    assert run.output == f"seckill: Port {port} is taken: choose another one with --port.\n"


def test_load_ends_by_itself_with_a_summary(command: Start) -> None:
    run = command("load", "s03", "--users", "10", "--rate", "10", "--seconds", "5")
    assert run.wait() == 0, run.output
    assert "10 people at s03_cache for 5 s" in run.output
    assert re.search(r"Aggregated +[1-9]\d* +0\(0.00%\)", run.output), run.output


def test_several_locusts_share_one_crowd_and_end_with_it(command: Start) -> None:
    crowd = ("--users", "10", "--rate", "10", "--seconds", "5", "--processes", "2")
    run = command("load", "s03", *crowd)
    run.wait_for("10 people at s03_cache")
    wait_until(lambda: locusts(run) == 3, lambda: f"{locusts(run)} locusts, where one leads two")
    assert run.wait() == 0, run.output
    assert re.search(r"Aggregated +[1-9]\d* +0\(0.00%\)", run.output), run.output


def locusts(run: Command) -> int:
    family, _ = run.belongings()
    return sum(b"locust" in words.split(b"\0") for words in map(command_line, family))


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has ended
        return b""


def test_load_shows_locusts_own_page_on_request(command: Start) -> None:
    run = command("load", "s01", "--web")
    said = run.wait_for("Ctrl-C ends both")
    address = re.search(r"start the load at (http://127\.0\.0\.1:\d+)", said)
    assert address
    with urllib.request.urlopen(address[1], timeout=10) as page:
        assert b"Locust" in page.read()
    run.process.send_signal(signal.SIGINT)
    assert run.wait() == 130
