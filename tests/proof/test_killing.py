"""An actor that is killed: a real process, at each of its steps, and what it leaves to the servers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from common.backoffice import BackOffice
from common.proof import diagram
from common.proof.explorer import Explorer
from common.proof.killing import KILLED
from common.proof.queue_scenarios import PRESS_KILLED, WORK_KILLED
from common.proof.scenario import Kill, Press, Scenario, Scene
from common.settings import Settings
from common.shop import Order, Shop, SoldOut
from common.stages import find

Open = Callable[..., Explorer]


@pytest.fixture
def explorer(settings: Settings) -> Iterator[Open]:
    with ExitStack() as opened:
        yield lambda code: opened.enter_context(Explorer(code, find(code).load().create_shop, settings))


@pytest.mark.parametrize(("stage", "steps", "breaking"), [("s01", 4, ["AAAB"]), ("s02", 6, [])])
def test_it_is_killed_before_each_step_and_too_late(
    explorer: Open, stage: str, steps: int, breaking: list[str]
) -> None:
    """s01 loses the unit between its UPDATE and its INSERT, and only there; s02 nowhere."""
    found = explorer(stage).explore(PRESS_KILLED)
    assert sorted(run.schedule for run in found.runs) == sorted("A" * n + "B" for n in range(steps + 1))
    assert [run.schedule for run in found.breaking()] == breaking
    for run in found.runs:
        ended = run.schedule == "A" * steps + "B"
        assert isinstance(run.outcomes["A"], Order) if ended else run.outcomes["A"] == KILLED
        assert run.outcomes["B"] == ("comes too late" if ended else None)


def test_what_it_had_begun_is_rolled_back_before_the_next_move(explorer: Open) -> None:
    """Killed before its COMMIT: nobody waits for the row that it had locked."""
    run = explorer("s02").replay(PRESS_KILLED, "AAAAAB")
    assert run.moves[-2].step.command.startswith("UPDATE sales")
    assert run.outcomes["A"] == KILLED
    assert run.broken == ()
    drawn = diagram.mermaid(PRESS_KILLED, run)
    assert "    B-xA: 6. kill -9\n" in drawn
    assert "Linux" not in drawn


def test_the_same_schedule_is_played_the_same_again(explorer: Open) -> None:
    one, other = (explorer("s06").replay(WORK_KILLED, "AAAAB") for _ in range(2))
    assert one == other


@dataclass(frozen=True)
class Signs:
    """Says from which process it buys, and whether it got to its end."""

    file: Path
    title: str = "web process"

    def __call__(self, shop: Shop, office: BackOffice, scene: Scene) -> object:
        self.file.write_text(str(os.getpid()))
        told = Press(self.title, buyer=1)(shop, office, scene)
        self.file.write_text("ended")
        return told


def test_it_is_a_process_of_its_own_and_dead(explorer: Open, tmp_path: Path) -> None:
    scenario = Scenario("signs", "A process that signs", 1, 1, (Signs(tmp_path / "signed"), Kill()))
    explorer("s01").replay(scenario, "AAAB")
    pid = int((tmp_path / "signed").read_text())
    assert pid != os.getpid()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_refusal_comes_out_of_the_process(explorer: Open) -> None:
    scenario = Scenario("none", "Nothing is left", 0, 1, (Press("web process", buyer=1), Kill()))
    run = explorer("s01").replay(scenario, "AB")
    assert isinstance(run.outcomes["A"], SoldOut)
