"""The benchmark runs, measures what it says, and leaves nothing. What it measures is not judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from common.lab.places import ROOT

pytestmark = pytest.mark.slow


def seckill(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "common.cli", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=110,
        check=False,
    )


def document(file: Path, *words: str | Path) -> dict[str, Any]:
    done = seckill(*words, "--json", file)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(file.read_text()))


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
    assert measured["spikes"]["s02_guarded_update"]["sold"] == 10
    assert measured["round_trips"]["s02_guarded_update"]["accepted"] == {"mariadb": 6, "redis": 0}


def test_growth_counts_exactly_one_unit_for_each_buyer(tmp_path: Path) -> None:
    measured = document(tmp_path / "growth.json", "growth", "s05", "--most", "1000")
    [size] = measured["sizes"]  # grow() fails when one buyer more or less than 1,000 bought
    assert size["buyers"] == 1000
    assert 50 < size["redis_bytes"] / 1000 < 1000
