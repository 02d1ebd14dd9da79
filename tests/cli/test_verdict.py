"""What the demo concludes from two results, and the exit code that follows."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from common.demo.contest import Result
from common.demo.verdict import comparison, conclusion, exit_code, verdict
from common.proof.facts import Facts
from common.proof.oracle import judge
from common.stages import find
from tests.cli.conftest import Command
from tests.proof.test_oracle import CLEAN, order, with_orders

OVERSOLD = with_orders(order(6, 6))
IN_FLIGHT = replace(CLEAN, at_rest=False)
GOOD, USELESS = 0, 1


def result(code: str, facts: Facts) -> Result:
    return Result(find(code), facts, judge(facts))


@pytest.mark.parametrize(
    ("first", "newest", "code", "words"),
    [
        (
            OVERSOLD,
            CLEAN,
            GOOD,
            ["1 units were promised", "s02_guarded_update sold 4 of 4", "every promise kept"],
        ),
        (CLEAN, CLEAN, USELESS, ["s01_naive did not oversell this time"]),
        (OVERSOLD, OVERSOLD, USELESS, ["s02_guarded_update did not keep everything: no_oversell, conserved"]),
        (OVERSOLD, IN_FLIGHT, USELESS, ["did not keep everything: no_oversell, conserved, purchase_limit"]),
        (CLEAN, OVERSOLD, USELESS, ["did not oversell this time", "did not keep everything"]),
    ],
    ids=["as it should be", "s01 was lucky", "the newest oversold", "not known yet", "both wrong"],
)
def test_only_an_oversold_s01_beside_a_flawless_newest_is_0(
    first: Facts, newest: Facts, code: int, words: list[str]
) -> None:
    results = result("s01", first), result("s02", newest)
    said = conclusion(*results)
    assert exit_code(*results) == code
    assert len(said) == 2
    assert all(each in " ".join(said) for each in words)


def test_how_often_buyers_came_again_is_told_beside_what_they_were_told_in_the_end() -> None:
    away = replace(CLEAN, history=[replace(told, sent_away=told.attempt) for told in CLEAN.history])
    text = io.StringIO()
    page = Console(file=text, width=120)
    page.print(verdict((result("s01", CLEAN), result("s02", away)), conclusion))
    [row] = [line for line in text.getvalue().splitlines() if "sent away" in line]
    assert re.findall(r"\d+ times", row) == ["0 times", "15 times"]


def test_a_duel_names_what_each_stage_did_not_keep() -> None:
    one, other = comparison(result("s01", OVERSOLD), result("s02", CLEAN))
    assert "s01_naive sold 5 of 4; not kept: no_oversell, conserved" in one
    assert "s02_guarded_update sold 4 of 4; every promise kept" in other


def test_a_duel_with_oneself_is_refused(command: Callable[..., Command]) -> None:
    alone = command("duel", "s02", "2")
    assert alone.wait() == 2
    assert "between two stages" in alone.output
