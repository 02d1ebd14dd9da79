"""Rounds become figures: medians, spread, and ratios within a round."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import asdict
from pathlib import Path

import pytest

from common.bench.figures import boil_down
from common.bench.growth import Size
from common.bench.peaks import Peak
from common.bench.plot import draw, draw_growth
from common.bench.subjects import HELLO
from common.lab import wrk


def peak(
    subject: str, kind: str, count: int, seconds: float = 1, other: int = 0, drain_s: float | None = None
) -> Peak:
    return Peak(
        *(subject, kind, count, other, seconds),
        p50_ms=1, p99_ms=2, cpu_us=100, sql=6, redis=2, generator=0.1, drain_s=drain_s,
    )  # fmt: skip


KINDS = ("accepted", "refused")
ROUNDS = [
    [peak(HELLO, "answers", 1000), peak("s01_naive", "accepted", 100, other=3)],
    [peak(HELLO, "answers", 2000), peak("s01_naive", "accepted", 600)],
    [peak(HELLO, "answers", 4000), peak("s01_naive", "accepted", 1600, seconds=2)],
]


def test_a_ratio_is_taken_within_its_round_and_never_across_rounds() -> None:
    stage = boil_down(ROUNDS)[1]
    assert stage.ratio == 0.2  # the median of 0.1, 0.3 and 0.2; medians divided would be 0.3
    assert (stage.per_second, stage.lowest, stage.highest) == (600, 100, 800)


def test_what_was_answered_otherwise_is_not_hidden() -> None:
    assert boil_down(ROUNDS)[1].other == 3


def test_what_is_written_counts_the_drain() -> None:
    rounds = [[peak(HELLO, "answers", 1000), peak("s06_queue", "accepted", 3000, seconds=2, drain_s=4)]]
    hello, stage = boil_down(rounds)
    assert (stage.per_second, stage.written, stage.drain_s) == (1500, 500, 4)
    assert (hello.written, hello.drain_s) == (None, None)


ABOUT = {
    **{"machine": "2 cores", "date": "2026-11-22T00:00:00+00:00", "web": "granian"},
    **{"command": "<&>", "load_average": 0.1},
}


def test_pictures_come_from_the_raw_file_alone_and_are_svg(tmp_path: Path) -> None:
    raw = tmp_path / "bench.json"
    raw.write_text(json.dumps({"about": ABOUT, "figures": [asdict(each) for each in boil_down(ROUNDS)]}))
    grown = tmp_path / "growth.json"
    sizes = [
        Size("s05_redis_stock", kind, count, 1, 9, 9 * count) for kind in KINDS for count in (1000, 10_000)
    ]
    grown.write_text(json.dumps({"about": ABOUT, "sizes": [asdict(size) for size in sizes]}))
    pictures = [*draw(raw), draw_growth(grown)]
    assert [path.name for path in pictures] == ["bench_peaks.svg", "bench_price.svg", "growth.svg"]
    for picture in pictures:
        text = "".join(ET.parse(picture).getroot().itertext())
        assert "2 cores" in text
        assert "<&>" in text, "the command is shown as it was typed"


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("wrk debian/4.1.0-3+b2 [epoll] Copyright (C) 2012 Will Glozer", ("wrk", "4.1.0")),
        ("wrk 4.2.0 [kqueue] Copyright (C) 2012 Will Glozer", ("wrk", "4.2.0")),
        ("something else", ("", "")),
    ],
)
def test_the_version_of_wrk_is_read(said: str, version: tuple[str, str]) -> None:
    assert wrk.read_version(said) == version
