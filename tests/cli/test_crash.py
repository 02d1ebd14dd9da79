"""`./seckill crash` shows after which round trip a crash loses something, and after which it does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from common.cli.crash import STATEMENT, in_one_line
from common.proof.sweep import Point, sweep
from common.settings import Settings
from common.stages import find
from tests.cli.conftest import Command
from tests.conftest import Fresh


def points(code: str, settings: Settings) -> list[Point]:
    return sweep(code, find(code).load().create_shop, settings)


def test_s01_loses_a_unit_between_its_two_writes(fresh: Fresh, settings: Settings) -> None:
    fresh("s01")
    found = points("s01", settings)
    assert [point.statement.split()[0] for point in found] == ["SELECT", "SELECT", "UPDATE", "INSERT"]
    assert [point.step for point in found if point.leaked] == [3]
    assert [point.ordered for point in found] == [False, False, False, True]
    assert [(point.told, point.owned) for point in found] == [
        *[("an order", 1)] * 2,
        ("sold_out", 0),
        ("sold_out", 1),
    ]


def test_s06_leaves_a_ticket_on_which_nobody_works(fresh: Fresh, settings: Settings) -> None:
    fresh("s06")
    found = points("s06", settings)
    assert [bool(point.leaked) for point in found] == [True] * (len(found) - 1) + [False]
    assert all("tickets_end" in point.leaked for point in found[:-1])
    assert found[-1].ordered, "the job was there: a worker wrote the order"


def test_s07_has_one_step_and_loses_nothing(fresh: Fresh, settings: Settings) -> None:
    fresh("s07")
    [point] = points("s07", settings)
    assert (point.leaked, point.again, point.ordered, point.told) == ("", "", True, "limit_reached")


@pytest.mark.slow
def test_the_command_says_where_s01_leaks_and_that_s02_does_not(command: Callable[..., Command]) -> None:
    leaky, safe = command("crash", "s01"), command("crash", "s02")
    assert leaky.wait() == 0, leaky.output
    assert "✘ Killed after step 3: something is lost." in leaky.output
    assert "sold_out; owns 0" in leaky.output
    assert safe.wait() == 0, safe.output
    assert "✔ Wherever s02_guarded_update dies, nothing is lost" in safe.output


def test_a_statement_fits_on_a_line_whatever_is_in_it() -> None:
    assert in_one_line("COMMIT") == "COMMIT"
    shown = in_one_line("SELECT \x00\x1b[31m\n" + "x " * 100)
    assert len(shown) <= STATEMENT and shown.isprintable() and shown.endswith("…")
