"""./seckill doctor: says what is here and what would be done, and does none of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from common.lab import Lab, commands, debian, doctor, places


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No packages downloaded yet, nothing on the PATH, and a mirror that does not answer."""
    monkeypatch.setattr(places, "HOME", tmp_path / "home")
    monkeypatch.setattr("common.lab.resolver.on_the_path", lambda kind: [])
    no = doctor.Check("package mirror", False, "no answer", "connect to the network")
    monkeypatch.setattr(doctor, "network", lambda: no)
    return tmp_path / "home"


def report() -> Result:
    return CliRunner().invoke(commands.doctor)


def line(result: Result, what: str) -> str:
    return next(each for each in result.output.splitlines() if what in each)


def test_a_machine_that_can_run_the_demo(lab: Lab) -> None:
    result = report()
    assert result.exit_code == 0, result.output
    for what in ("machine", "Python", "disk space", "MariaDB", "Redis or Valkey", "nginx"):
        assert "✔" in line(result, what)
    assert "package mirror" not in result.output, "the network is only asked when it is needed"


def test_what_would_be_downloaded_is_said_and_not_done(
    empty_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian, "available", lambda: True)
    result = report()
    assert "would download mariadb-server-core" in re.sub(r"\s+", " ", result.output)
    assert result.exit_code == 2, "the mirror does not answer, so the demo cannot run"
    assert "connect to the network" in result.output
    assert not empty_home.exists()


def test_a_machine_without_a_way_to_mariadb_is_told_the_ways(
    empty_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian, "available", lambda: False)
    result = report()
    assert result.exit_code == 2
    assert "brew install mariadb" in re.sub(r"\s+", " ", result.output)


def test_a_named_server_that_does_not_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    result = report()
    assert result.exit_code == 2
    assert "unset REDIS_URL" in re.sub(r"\s+", " ", result.output)
