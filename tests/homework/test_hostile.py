"""A submission can fail, and nothing else: win by no trick, hang no grader, leave nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from common.lab.keeper import processes
from homework.grader import sandbox, walls
from homework.grader.book import find
from homework.grader.grading import Submission, Wish, grade
from homework.grader.result import Result
from homework.grader.servers import Servers
from tests.homework.hostile import BROKEN, IN_CALL, IN_FILE, LOOK, in_call


def run(code: bytes | None, servers: Servers) -> Result:
    files = {} if code is None else {"swap.py": code}
    return grade(find("02"), Submission("hostile", "1", "x", files), servers, Wish(check="swaps"))


def only_failed(result: Result) -> str:
    """The message; nothing but a failed check came of it."""
    [check] = result.checks
    assert check.state == "failed", check
    assert (result.points, result.of) == (0, 20)
    assert check.message
    assert "Traceback" not in check.message
    print(check.message)
    return check.message


def command_lines() -> list[bytes]:
    found = []
    for pid in processes():
        with suppress(OSError):
            found.append(Path(f"/proc/{pid}/cmdline").read_bytes())
    return found


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody here answers late and rightly."""
    monkeypatch.setattr(sandbox, "ANSWER_WITHIN", 3.0)
    monkeypatch.setattr(sandbox, "SERVED_WITHIN", 3.0)


@pytest.fixture(autouse=True)
def nothing_is_left(servers: Servers) -> Iterator[None]:
    """No process, no folder, and the servers still serve."""
    yield
    path = bytes(servers.spawner)  # on the command line of the spawner, and so on that of all its forks
    assert sum(path in line for line in command_lines()) == 1
    assert not list(servers.sockets.mysql.parent.glob("seckill-box-*"))
    with closing(servers.db()) as db:
        assert db.one("SELECT 1 AS alive") == {"alive": 1}


@pytest.mark.parametrize("name", IN_CALL)
def test_what_a_call_does_only_fails_the_check(name: str, servers: Servers) -> None:
    if walls.missing() and name not in WITHOUT_WALLS:
        pytest.skip(f"it would do it to you: {walls.missing()}")
    only_failed(run(in_call(IN_CALL[name]), servers))


@pytest.mark.parametrize("name", IN_FILE)
def test_what_a_file_does_only_fails_the_check(name: str, servers: Servers) -> None:
    only_failed(run((IN_FILE[name] + "\n").encode(), servers))


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_named_with_its_fault(name: str, servers: Servers) -> None:
    code, words = BROKEN[name]
    result = run(code, servers)
    assert words in only_failed(result)
    assert name == "deeply_nested" or result.state == "broken"


def test_a_missing_file_is_named(servers: Servers) -> None:
    result = run(None, servers)
    assert only_failed(result) == "swap.py is missing."
    assert result.state == "broken"


def test_the_solution_passes_after_all_that(servers: Servers) -> None:
    assert run((find("02").folder / "solution" / "swap.py").read_bytes(), servers).points == 20


def test_it_sees_no_solution_no_hidden_check_and_no_network(servers: Servers) -> None:
    if walls.missing():
        pytest.skip(walls.missing())
    with closing(servers.db()) as db:
        port = (db.one("SELECT @@port AS port") or {})["port"]
    assert "saw []" in only_failed(run(in_call(LOOK.replace("PORT", str(port))), servers))


def test_it_is_not_root(servers: Servers) -> None:
    assert "uid 0" not in only_failed(
        run(in_call("import os; raise RuntimeError(f'uid {os.getuid()}')"), servers)
    )


WITHOUT_WALLS = (
    "daemon",
    "fork_bomb",
    "ends_the_process",
    "infinite_loop",
    "kills_its_parents",
    "eats_memory",
)


@pytest.fixture
def no_walls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walls, "missing", lambda: "as on a machine without namespaces")


@pytest.mark.usefixtures("no_walls")
@pytest.mark.parametrize("name", WITHOUT_WALLS)
def test_without_namespaces_too_it_only_fails_and_leaves_nothing(name: str, servers: Servers) -> None:
    only_failed(run(in_call(IN_CALL[name]), servers))


@pytest.mark.usefixtures("no_walls")
def test_without_namespaces_too_the_solution_passes(servers: Servers) -> None:
    assert run((find("02").folder / "solution" / "swap.py").read_bytes(), servers).points == 20
