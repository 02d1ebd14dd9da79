"""The benchmark runs, measures what it says, and leaves nothing. What it measures is not judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from common.lab.places import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def seckill(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "common.cli", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=280,
        check=False,
    )


def document(file: Path, *words: str | Path) -> dict[str, Any]:
    done = seckill(*words, "--json", file)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(file.read_text()))


def test_orders_that_are_written_later_are_waited_for_and_paid_for(tmp_path: Path) -> None:
    brief = ("--rounds", "1", "--seconds", "1", "--crowd", "100", "--buyers", "2000")
    measured = document(tmp_path / "bench.json", "bench", "s06", *brief)
    [accepted] = [each for each in measured["figures"] if each["kind"] == "accepted"]
    assert accepted["drain_s"] > 0
    assert accepted["sql"] > 5, "the worker writes the order: the web process alone needs no SQL"
    assert measured["round_trips"]["s06_queue"]["accepted"]["mariadb"] == 0, "the power check"
    assert measured["redis_bytes_per_buyer"]["s06_queue"] > 0


def test_every_kind_of_load_is_measured_and_its_circumstances_are_told(
    tmp_path: Path,
) -> None:
    brief = ("--rounds", "1", "--seconds", "1", "--crowd", "100", "--buyers", "2000")
    measured = document(tmp_path / "bench.json", "bench", "s02", *brief)
    kinds = [(figure["subject"], figure["kind"]) for figure in measured["figures"]]
    of_stage = [("s02_guarded_update", kind) for kind in ("accepted", "refused", "page", "state")]
    assert kinds == [("flask_hello", "answers"), ("nginx_plain_file", "answers"), *of_stage]
    assert all(figure["per_second"] > 0 and figure["cpu_us"] > 0 for figure in measured["figures"])
    assert {"date", "command", "machine", "versions", "load_average"} <= set(measured["about"])
    spike = measured["spikes"]["s02_guarded_update"]
    assert spike["sold"] == 10
    assert {"p99_to_end_ms", "drain_ms", "generator", "verdicts"} <= set(spike)
    accepted = measured["figures"][2]
    assert 6 <= accepted["sql"] < 7.5, "as many statements as are counted, and what rests beside it"
    assert accepted["written"] > 0
    assert measured["round_trips"]["s02_guarded_update"]["accepted"] == {"mariadb": 6, "redis": 0}


def test_growth_counts_exactly_one_unit_for_each_buyer(tmp_path: Path) -> None:
    few = ("--buyers", "1000", "--refused", "1000")
    measured = document(tmp_path / "growth.json", "growth", "s05", *few)
    bought, refused = measured["sizes"]  # grow() fails when one buyer more or less than 1,000 bought
    assert (bought["kind"], bought["attempts"], refused["kind"], refused["attempts"]) == (
        *("accepted", 1000),
        *("refused", 1000),
    )
    assert 50 < bought["redis_bytes"] / 1000 < 1000
    assert refused["redis_bytes"] < 1000, "who is refused leaves nothing behind"
    assert (tmp_path / "growth.svg").exists()
