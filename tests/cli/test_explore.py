"""`./seckill explore`: the verdict, the diagram, the file, and what is said to wrong input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from common.cli.explore import explore
from common.lab import Lab
from common.proof.scenarios import SCENARIOS
from common.web.seam import WrongSeam

Run = Callable[..., Result]
FOIL = "checkout=stages.s02_guarded_update.foils:JustATransaction"


@pytest.fixture
def run(lab: Lab) -> Run:
    """`run("s01", "--mermaid")`, on the servers that the other tests use."""
    return lambda *words: CliRunner(env=lab.env()).invoke(explore, words)


def test_s01_is_shown_overselling(run: Run) -> None:
    said = run("s01").output
    assert "64 schedules played (all there are)" in said
    assert "✘ 60 of them break no_oversell" in said
    assert "Schedule AABBBBAA" in said
    assert "✘ here it goes wrong: no_oversell" in said


def test_a_bounded_verdict_says_what_was_played(run: Run) -> None:
    said = run("s02", "--seed", "3").output
    assert "those with at most 2 preemptions, and 100 drawn with seed 3" in said.replace("\n", " ")
    assert "--most 5000 plays all" in said
    assert "✔ none of them breaks a guarantee" in said
    assert "--most" not in run("s02", "--most", "5000").output


def test_another_class_can_be_plugged_in(run: Run) -> None:
    said = run("s02", "--with", FOIL, "--mermaid").output
    assert "✘ 336 of them break no_oversell" in said
    assert "sequenceDiagram" in said


def test_threads_of_one_process_are_shown_waiting_for_each_other(run: Run) -> None:
    assert "8 schedules played (all there are)" in run("s03", "--scenario", "two-readers").output
    said = run("s03", "--scenario", "two-readers", "--replay", "AABAAB").output
    assert said.index("◀ begins") < said.index("put.lua") < said.index("◀ wakes up")
    assert "waits for another thread" in said


def test_a_schedule_is_replayed_as_it_was_printed(run: Run) -> None:
    said = run("s01", "--replay", "aabbbbaa").output
    assert "Schedule AABBBBAA" in said
    assert "✘ no_oversell: 2 of 1 units are sold: 1 too many" in said


def test_the_tree_is_written(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "tree.json"
    run("s01", "--scenario", "two-presses", "--export", str(file))
    tree = json.loads(file.read_text())
    assert (tree["stage"], tree["scenario"], tree["complete"]) == ("s01_naive", "two-presses", True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["s99"], "there is no stage 's99'"),
        (
            ["s01", "--scenario", "x"],
            f"there are {', '.join(SCENARIOS)}",
        ),
        (["s01", "--replay", "AXB"], "there is no actor X in AXB"),
        (["s01", "--replay", "AAAAA"], "step 5 of AAAAA is A's, but A has ended"),
        (["s01", "--all-scenarios", "--replay", "AB"], "take one scenario, not all"),
        (["s01", "--most", "0"], "0 is not in the range"),
    ],
)
def test_wrong_input_is_answered_with_a_sentence(run: Run, words: list[str], sentence: str) -> None:
    result = run(*words)
    assert result.exit_code in {1, 2}
    assert sentence in result.output
    assert isinstance(result.exception, SystemExit)


def test_a_wrong_plug_is_an_error_that_names_it(run: Run) -> None:
    with pytest.raises(WrongSeam, match="this stage takes checkout, not 'stock'"):
        CliRunner().invoke(explore, ["s01", "--with", "stock=a:B"], catch_exceptions=False)
