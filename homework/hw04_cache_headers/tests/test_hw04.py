"""For your own use: `./seckill test mine/hw04`. The grader asks a real nginx; this only reads your files."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent
sys.path.insert(0, str(FOLDER))


def cache_control(name: str) -> list[str]:
    said = tomllib.loads((FOLDER / "headers.toml").read_text("utf-8"))
    if not said.get(name):
        pytest.skip("not written yet")
    return [word.strip() for word in said[name]["Cache-Control"].lower().split(",")]


def offset(*samples: tuple[int, int, int]) -> object:
    from clock import Sample, offset

    try:
        return offset([Sample(*each) for each in samples])
    except NotImplementedError:
        pytest.skip("not written yet")


@pytest.mark.parametrize("name", ["orders", "paused"])
def test_nobody_keeps_it(name: str) -> None:
    assert "no-store" in cache_control(name)


@pytest.mark.parametrize("name", ["asset", "page", "state", "missing", "image"])
def test_the_edge_may_keep_it(name: str) -> None:
    assert not {"private", "no-store", "no-cache"} & set(cache_control(name))


def test_one_answer_gives_bounds() -> None:
    assert offset((1000, 5000, 1080)) == (3920, 4000)


def test_two_answers_give_closer_bounds() -> None:
    assert offset((1000, 5000, 1080), (2000, 5970, 2060)) == (3920, 3970)
