"""The private servers: real, separate, and breakable without losing what they promised to keep."""

from __future__ import annotations

import threading
from pathlib import Path

import pymysql
import pytest
import redis

from common.lab import Lab, LabError, Server, sockets
from common.lab import mysql as mysql_kind
from common.lab import redis as redis_kind
from tests.lab.conftest import alive, wait_until


def sql(server: Server, statement: str, *, tcp: bool = False) -> list[tuple[object, ...]]:
    host, port = server.tcp
    socket = None if tcp else server.url.partition("unix_socket=")[2]
    connection = pymysql.connect(
        host=host, port=port, unix_socket=socket, user="root", ssl_disabled=True, autocommit=True
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def test_mariadb_answers_on_its_socket_and_by_tcp(lab: Lab) -> None:
    assert sql(lab.mysql, "SELECT 1") == sql(lab.mysql, "SELECT 1", tcp=True) == [(1,)]


def test_redis_answers_on_its_socket_and_by_tcp(lab: Lab) -> None:
    host, port = lab.redis.tcp
    for client in (redis.Redis.from_url(lab.redis.url), redis.Redis(host=host, port=port)):
        with client:
            assert client.ping()


def test_mariadb_is_set_up_as_the_course_says(lab: Lab) -> None:
    names = (
        "innodb_flush_log_at_trx_commit",
        "max_connections",
        "character_set_server",
        "time_zone",
        "innodb_lock_wait_timeout",
        "performance_schema",
        "bind_address",
    )
    columns = ", ".join(f"@@{name}" for name in names)
    assert sql(lab.mysql, f"SELECT {columns}") == [(1, 500, "utf8mb4", "+00:00", 5, 0, "127.0.0.1")]


def test_redis_refuses_rather_than_evicts(lab: Lab) -> None:
    with redis.Redis.from_url(lab.redis.url, decode_responses=True) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_children_are_told_the_addresses(lab: Lab) -> None:
    assert lab.env() == {"MYSQL_URL": lab.mysql.url, "REDIS_URL": lab.redis.url}


def test_two_labs_at_once_are_strangers() -> None:
    with Lab() as one, Lab() as two:
        assert one.folder != two.folder
        assert len({one.mysql.tcp, two.mysql.tcp, one.redis.tcp, two.redis.tcp}) == 4
        sql(one.mysql, "CREATE DATABASE only_here")
        assert sql(one.mysql, "SHOW DATABASES LIKE 'only_here'")
        assert not sql(two.mysql, "SHOW DATABASES LIKE 'only_here'")
        with redis.Redis.from_url(one.redis.url) as first, redis.Redis.from_url(two.redis.url) as second:
            first.set("key", "value")
            assert second.get("key") is None


def test_many_labs_may_start_at_the_same_moment() -> None:
    folders: list[Path] = []

    def run() -> None:
        with Lab(("redis",)) as lab:
            folders.append(lab.folder)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(folders)) == 4
    assert not any(folder.exists() for folder in folders)


def test_a_commit_survives_the_kill_of_mariadb(lab: Lab) -> None:
    sql(lab.mysql, "CREATE DATABASE kept")
    sql(lab.mysql, "CREATE TABLE kept.row (id INT)")
    sql(lab.mysql, "INSERT INTO kept.row VALUES (7)")
    address, before = (lab.mysql.url, lab.mysql.tcp), lab.mysql.process.pid
    lab.mysql.kill()
    assert not alive(before)
    with pytest.raises(LabError):
        mysql_kind.greet(lab.mysql.url)
    lab.mysql.start()
    assert (lab.mysql.url, lab.mysql.tcp) == address
    assert sql(lab.mysql, "SELECT id FROM kept.row") == [(7,)]


def test_redis_keeps_what_it_answered_when_killed(lab: Lab) -> None:
    with redis.Redis.from_url(lab.redis.url) as client:
        client.set("kept", "yes")
    lab.redis.kill()
    with pytest.raises(LabError):
        redis_kind.greet(lab.redis.url)
    lab.redis.start()
    with redis.Redis.from_url(lab.redis.url) as client:
        assert client.get("kept") == b"yes"


def test_stop_lets_a_server_finish(lab: Lab) -> None:
    lab.mysql.stop()
    assert lab.mysql.process.returncode == 0
    lab.mysql.start()
    assert sql(lab.mysql, "SELECT 1") == [(1,)]


def test_a_running_server_is_not_started_twice(lab: Lab) -> None:
    with pytest.raises(LabError, match="running already"):
        lab.redis.start()


def test_a_paused_server_is_silent_until_resumed(lab: Lab) -> None:
    lab.redis.pause()
    with pytest.raises(LabError):
        redis_kind.greet(lab.redis.url, timeout=0.2)
    lab.redis.resume()
    assert redis_kind.greet(lab.redis.url)


def test_a_lab_with_a_paused_server_can_be_left() -> None:
    with Lab(("redis",)) as lab:
        pid = lab.redis.process.pid
        lab.redis.pause()
    assert not alive(pid)


def test_a_taken_port_is_exchanged_for_another(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    free = sockets.free_port()
    ports = iter([lab.redis.tcp[1], lab.mysql.tcp[1], free])
    monkeypatch.setattr(sockets, "free_port", lambda: next(ports))
    with Lab(("redis",)) as other:
        assert other.redis.tcp[1] == free


def test_a_server_that_was_not_asked_for_is_named() -> None:
    with Lab(("redis",)) as lab, pytest.raises(LabError, match="mysql"):
        _ = lab.mysql.url


def test_a_kind_that_does_not_exist_is_named() -> None:
    with pytest.raises(LabError, match="oracle"):
        Lab(("oracle",))


def test_the_folder_is_gone_afterwards() -> None:
    with Lab(("redis",)) as lab:
        folder = lab.folder
        assert folder.is_dir()
    assert not folder.exists()


def test_an_error_inside_the_block_still_ends_everything() -> None:
    seen: list[int] = []
    with pytest.raises(ZeroDivisionError), Lab(("redis",)) as lab:
        seen.append(lab.redis.process.pid)
        _ = 1 // 0
    wait_until(lambda: not alive(seen[0]), "the server ends")
