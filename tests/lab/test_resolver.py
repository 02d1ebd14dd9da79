"""Where a server comes from, and what is said when it comes from nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.lab import Lab, LabError, resolve
from common.lab import redis as redis_kind
from common.lab.resolver import Search
from tests.lab.conftest import alive


def executable(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def first(kind: str) -> tuple[str, list[str]]:
    search = Search(kind)
    return str(next(search.programs()).path), search.reasons


@pytest.mark.parametrize(
    ("kind", "name", "script", "reason"),
    [
        ("redis", "redis-server", "exit 1", "ends with code 1"),
        ("redis", "redis-server", "echo broken >&2; exit 127", "broken"),
        (
            "redis",
            "redis-server",
            "echo 'Redis server v=6.0.16 sha=0'",
            "Redis 6.0.16; 7.0 or newer is needed",
        ),
        (
            "redis",
            "valkey-server",
            "echo 'Valkey server v=7.0.0 sha=0'",
            "Valkey 7.0.0; 7.2 or newer is needed",
        ),
        ("redis", "redis-server", "echo hello", "an unknown program"),
        ("nginx", "nginx", "echo 'nginx version: nginx/1.14.2' >&2", "nginx 1.14.2; 1.18 or newer is needed"),
        ("mysql", "mysqld", "echo 'mysqld  Ver 8.0.36 for Linux on x86_64'", "is MySQL, not MariaDB"),
        (
            "mysql",
            "mariadbd",
            "echo 'mariadbd  Ver 10.5.1-MariaDB'",
            "MariaDB 10.5.1; 10.6 or newer is needed",
        ),
        ("mysql", "mariadbd", "exit 1", "ends with code 1"),
    ],
)
def test_a_bad_binary_on_the_path_is_passed_over_with_its_reason(
    on_path: Path, lab: Lab, kind: str, name: str, script: str, reason: str
) -> None:
    bad = executable(on_path, name, script)
    path, reasons = first(kind)
    assert path != str(bad)
    assert any(reason in said and str(bad) in said for said in reasons), reasons


def test_a_good_binary_on_the_path_comes_first(on_path: Path) -> None:
    good = executable(on_path, "redis-server", "echo 'Redis server v=7.0.15 sha=0'")
    assert first("redis")[0] == str(good)


def test_a_binary_that_has_the_version_but_does_not_start_is_passed_over(on_path: Path) -> None:
    executable(
        on_path,
        "valkey-server",
        'test "$1" = --version && echo "Valkey server v=9.9.9" || { echo denied; exit 1; }',
    )
    with Lab(("redis",)) as lab:
        assert "9.9.9" not in str(lab.redis)
        assert redis_kind.greet(lab.redis.url)


def test_a_mariadb_that_may_not_use_a_private_folder_is_passed_over(on_path: Path) -> None:
    """As under Ubuntu's AppArmor: it answers --version, and is refused its data."""
    share = on_path.parent / "share" / "mysql"
    share.mkdir(parents=True, exist_ok=True)
    for name in ("mysql_system_tables.sql", "mysql_system_tables_data.sql"):
        (share / name).touch()
    executable(
        on_path,
        "mariadbd",
        'test "$1" = --version && echo "mariadbd  Ver 11.9.9-MariaDB" || { echo ERROR denied; exit 1; }',
    )
    with Lab(("mysql",)) as lab:
        assert "11.9.9" not in str(lab.mysql)


def test_what_was_chosen_is_said() -> None:
    said: list[str] = []
    with Lab(("redis",), say=said.append) as lab:
        assert str(lab.redis) in said
        assert resolve("redis").version in str(lab.redis)


def test_an_address_in_the_environment_is_used_and_never_killed(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, url in lab.env().items():
        monkeypatch.setenv(name, url)
    with Lab() as borrower:
        assert borrower.env() == lab.env()
        for server in (borrower.mysql, borrower.redis):
            assert not server.owned
            for switch in (server.kill, server.stop, server.start, server.pause, server.resume):
                with pytest.raises(LabError, match="not our server"):
                    switch()
    assert lab.mysql.owned
    assert alive(lab.mysql.process.pid)
    assert alive(lab.redis.process.pid)


def test_an_address_that_does_not_answer_is_an_error_not_a_detour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    with pytest.raises(LabError, match="REDIS_URL does not answer"), Lab(("redis",)):
        pass


def test_when_nothing_is_found_the_message_names_the_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    search = Search("mysql")
    search.pass_over(LabError("/usr/bin/mysqld is MySQL, not MariaDB."))
    said = str(search.failure())
    assert "/usr/bin/mysqld is MySQL, not MariaDB;" in said.replace(". ", "; ")
    assert "brew install mariadb" in said
    assert "docker compose -f deploy/compose.yaml up -d mysql redis" in said
    assert "MYSQL_URL=" in said
