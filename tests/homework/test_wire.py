"""What the sandbox tells of its round trips is compared with what went over the wire."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pymysql import MySQLError
from redis import RedisError

from common import database
from common.backends import Backends, connect_redis, database_name
from common.proof.steps import Recorder
from homework.grader.book import find
from homework.grader.grading import Submission, Wish, grade
from homework.grader.result import Result
from homework.grader.servers import Servers
from homework.grader.transcripts import solution
from homework.grader.wire import Sent, Unseen, Wire, command, compare

HW02, HW05 = find("02"), find("05")
STAGE = "s05"


def run(homework: str, files: dict[str, bytes], servers: Servers, check: str) -> Result:
    return grade(find(homework), Submission("x", "", "", files), servers, Wish(check=check, seed=7))


def said(result: Result) -> str:
    """What the first check that failed says."""
    return next(each.message or "" for each in result.checks if each.state == "failed")


# --- cheats, played out ---

SILENT = b"""
import common.proof.announce as kit
kit.AnnouncedMariaDB._announce = lambda self, sql, send: send()
"""
INVENTING = b"""
import common.proof.announce as kit
honest = kit.AnnouncedMariaDB._announce
def invents(self, sql, send):
    if self._watcher and sql == "BEGIN":
        step = kit.Step("MariaDB", "SELECT 1", session=self.thread_id())
        self._watcher.before(step)
        self._watcher.after(step, "1 row")
    return honest(self, sql, send)
kit.AnnouncedMariaDB._announce = invents
"""
RENAMING = b"""
import common.proof.announce as kit
honest = kit.wording.redis_step
kit.wording.redis_step = lambda commands: kit.Step("Redis", "GET s05:{1}:something", "", True)
"""
SECOND = b"""
import common.proof.announce as kit
honest = kit.AnnouncedMariaDB._announce
def once(self, sql, send):
    kit.AnnouncedMariaDB._announce = lambda self, sql, send: send()
    return honest(self, sql, send)
kit.AnnouncedMariaDB._announce = once
"""


def test_costs_are_taken_from_an_honest_process(servers: Servers) -> None:
    costs = run("02", solution(HW02), servers, "swaps").costs
    assert costs is not None
    assert costs.sql == costs.round_trips == 7


@pytest.mark.parametrize("check", ["swaps", "last_unit", "no_deadlock"])
@pytest.mark.parametrize("patch", [SILENT, SECOND], ids=["all", "all but the first"])
def test_no_check_is_passed_by_hiding_statements(servers: Servers, check: str, patch: bytes) -> None:
    result = run("02", {"swap.py": solution(HW02)["swap.py"] + patch}, servers, check)
    assert "sent statements to MariaDB that the grader was not told of" in said(result)
    assert result.costs is None


def test_statements_that_were_never_sent_are_noticed(servers: Servers) -> None:
    result = run("02", {"swap.py": solution(HW02)["swap.py"] + INVENTING}, servers, "last_unit")
    assert "told the grader of statements to MariaDB that were never sent" in said(result)


def test_another_command_to_redis_than_the_one_told_of_is_noticed(servers: Servers) -> None:
    files = dict(solution(HW05))
    files["basket.py"] += RENAMING
    assert "commands to Redis that the grader was not told of" in said(run("05", files, servers, "takes"))


# --- what an honest process sends, in every way it may ---


@pytest.fixture
def wire(servers: Servers, tmp_path: Path) -> Iterator[Wire]:
    servers.empty(STAGE)
    wire = Wire(servers.sockets, tmp_path)
    yield wire
    wire.close()


def test_whatever_the_drivers_do_is_told_just_as_it_is_sent(servers: Servers, wire: Wire) -> None:
    recorder = Recorder()
    settings = servers.student_settings(wire.sockets)
    b = Backends.connect(STAGE, settings).observe(recorder)
    with b.sql() as db:
        db.one("SELECT id, title FROM sales WHERE title = %s", "茶" * 500)
        with db.transaction():
            db.run("UPDATE sales SET stock = stock - 1 WHERE id = 1")
        with pytest.raises(MySQLError):
            db.run("no SQL at all")
    key = f"{STAGE}:k"
    b.stock.set(key, "茶" * 500, ex=60)
    b.stock.ping()
    script = b.stock.register_script("return redis.call('GET', KEYS[1])")
    for _ in range(2):  # the first time Redis does not know it
        script(keys=[key])
    with b.stock.pipeline() as pipe:
        pipe.watch(key)
        pipe.multi()
        pipe.set(key, b"\xff\x00")
        pipe.execute()
    with b.stock.pipeline(transaction=False) as pipe:
        for number in range(2000):  # many packets
            pipe.hset(f"{STAGE}:h", f"{number:06}", "x, y")
        pipe.execute()
    b.stock.xgroup_create(f"{STAGE}:s", "g", mkstream=True)
    b.stock.execute_command("XINFO", "STREAM", f"{STAGE}:s")  # type: ignore[no-untyped-call]
    for wrong in (["NO-SUCH-COMMAND"], ["SHUTDOWN"], ["EVAL", "return 1", "x"]):
        with pytest.raises(RedisError):
            b.stock.execute_command(*wrong)  # type: ignore[no-untyped-call]
    told = [(step.server, step.label) for step in recorder.steps]
    sent = wire.sent()
    compare(told, sent)
    assert len(sent) > 2000
    for number in range(len(told)):  # and no round trip could be left out, or another be told of
        with pytest.raises(Unseen):
            compare(told[:number] + told[number + 1 :], sent)
        with pytest.raises(Unseen):
            compare([*told, told[number]], sent)


def test_a_second_run_of_a_script_that_redis_knew_counts(servers: Servers, wire: Wire) -> None:
    redis = connect_redis(servers.student_settings(wire.sockets))
    digest = redis.script_load("return 1")
    wire.sent()
    for _ in range(2):
        redis.evalsha(digest, 0)
        redis.script_load("return 1")
    assert [each.name for each in wire.sent()] == ["EVALSHA", "EVALSHA"]


def test_a_greeting_hides_nothing(servers: Servers, wire: Wire) -> None:
    url = servers.student_settings(wire.sockets).mysql_url
    with closing(database.connect(url, database_name(STAGE))) as db:
        assert wire.sent() == []
        db.one("SELECT 1")
        db.run("SET NAMES utf8mb4")
        db.run("SET NAMES latin1")
    assert [each.label for each in wire.sent()] == ["SELECT 1", "SET NAMES latin1"]


@pytest.mark.parametrize("kind", [2, 5, 22, 23, 25])
def test_every_other_command_of_the_protocol_counts(kind: int) -> None:
    assert command(bytes([kind]) + b"SELECT 1") == Sent("MariaDB", "", f"command {kind}", f"command {kind}")


@pytest.mark.parametrize(
    "text",
    [b"SET s05:x 1\r\n", b"SET s05:x 1\n", b"*+3\r\n", b"*1_0\r\n", b"*3\r\n$-1\r\n", b"*" + b"0" * 64],
)
def test_what_is_not_understood_is_not_passed_on(servers: Servers, wire: Wire, text: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(10)
        link.connect(str(wire.sockets.redis))
        link.sendall(text)
        assert link.recv(100) == b"", "Redis would have answered at least that it wants a password"


def test_half_a_command_waits_until_it_is_whole(servers: Servers, wire: Wire) -> None:
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(10)
        link.connect(str(wire.sockets.redis))
        for byte in b"*2\r\n$3\r\nGET\r\n$5\r\ns05:x\r\n":
            assert wire.sent() == []
            link.sendall(bytes([byte]))
        assert link.recv(100).startswith(b"-NOAUTH")
    assert [each.label for each in wire.sent()] == ["GET s05:x"]


@pytest.mark.parametrize("able", [0x200 | 0x800, 0x200 | 0x20, 0], ids=["TLS", "compressed", "old"])
def test_mariadb_is_not_spoken_to_in_secret(servers: Servers, wire: Wire, able: int) -> None:
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(10)
        link.connect(str(wire.sockets.mysql))
        assert link.recv(1000), "MariaDB greets"
        link.sendall(b"\x20\x00\x00\x01" + able.to_bytes(4, "little") + bytes(28))
        assert link.recv(1000) == b""


def test_hanging_up_ends_every_connection(servers: Servers, tmp_path: Path) -> None:
    servers.empty(STAGE)
    wire = Wire(servers.sockets, tmp_path)
    redis = connect_redis(servers.student_settings(wire.sockets))
    assert redis.ping()
    wire.close()
    with pytest.raises(RedisError):
        redis.ping()
