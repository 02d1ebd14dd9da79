"""The duel's page shows the contests as they go, ends with the oracle's verdict, and with a picture."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from common.live.duel import POINTS, curve
from tests.cli.conftest import Command, command
from tests.live.page import Page, Reading

__all__ = ["command"]  # a fixture

Shown = tuple[Page, Command, Path]


@pytest.fixture
def shown(command: Callable[..., Command], tmp_path: Path) -> Iterator[Shown]:
    words = ("duel", "s01", "s02", "--page", "--buyers", "100", "--units", "20", "--json", "duel.json")
    run = command(*words)
    yield Page(run.wait_for("Ctrl-C ends it"), "Duel"), run, tmp_path
    run.process.send_signal(signal.SIGINT)
    assert run.wait() == 130
    assert "Traceback" not in run.output


def is_over(reading: Reading) -> bool:
    return reading["pictured"]


@pytest.mark.slow
def test_both_sides_are_shown_as_they_sell_and_as_the_oracle_judges_them(shown: Shown) -> None:
    page, run, folder = shown
    assert page.until(bool)["sides"][0]["figures"] is None, "nothing has happened yet"
    with pytest.raises(HTTPError, match="404"), urlopen(f"{page.site}/pictures/other.svg"):
        pass
    assert page.press("start")[0] == 200
    selling = page.until(lambda reading: reading["sides"][0]["going"])
    assert not selling["sides"][1]["going"], "in turn: the machine is for one crowd at a time"
    assert page.press("start") == (409, "The crowd is on its way already.")
    sides = page.until(is_over)["sides"]

    written = json.loads((folder / "duel.json").read_text())["results"]
    assert [side["figures"] for side in sides] == written
    assert [side["stage"] for side in sides] == ["s01_naive", "s02_guarded_update"]
    for side in sides:
        told = side["counts"]
        assert sum(told.values()) == written[0]["attempts"]
        assert told["accepted"] == side["figures"]["accepted"]
        assert side["curve"][-1][1] == side["figures"]["sold"], "each promised unit is an order here"
    assert sides[1]["figures"]["sold"] == 20
    with urlopen(f"{page.site}/pictures/duel.svg", timeout=10) as answer:
        svg = answer.read().decode()
    assert svg.startswith("<svg") and "s02_guarded_update" in svg
    assert "s02_guarded_update sold 20 of 20; every promise kept" in " ".join(run.output.split())

    assert page.press("start")[0] == 200, "as often as one likes"
    page.until(lambda reading: not is_over(reading))
    assert page.until(is_over)["sides"][1]["figures"]["sold"] == 20


def test_nobody_starts_a_duel_without_the_key(shown: Shown) -> None:
    page, _, _ = shown
    assert page.press("start", key="")[0] == 403
    assert page.press("stop")[0] == 409, "there is no such button"
    assert not any(side["going"] for side in page.until(bool)["sides"])


def test_a_curve_keeps_its_last_point_and_is_never_too_long() -> None:
    promised = [(0.001 * number, 2) for number in reversed(range(1, 1001))]
    points = curve(promised)
    assert points[-1] == (1.0, 2000)
    assert len(points) <= 2 * POINTS
    assert [sum_ for _, sum_ in points] == sorted(sum_ for _, sum_ in points)
    assert curve([]) == []
    assert curve([(0.5, 2)]) == [(0.5, 2)]
