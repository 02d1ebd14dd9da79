"""The cells of the grid. One module proves one guarantee, for every stage it is asked about.

A module has a sentence as its docstring, and a test with the fixture `cell`. The test brings about what the
guarantee is about, and settles the cell: kept or not, the interesting thing met or not, and the evidence.
The cell fails unless the outcome is exactly what the stage.toml files declare.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from common.proof import grid
from common.stages import Stage, all_stages, guarantees, has_subject
from tests.guarantees.finding import Finding


@dataclass(frozen=True)
class Cell:
    """One guarantee at one stage, and what the stage declares about it."""

    guarantee: str
    stage: Stage
    seed: int
    record: Callable[[str, object], None]

    @property
    def declared_kept(self) -> bool:
        return self.guarantee in guarantees(self.stage)

    def settle(self, finding: Finding) -> None:
        """Fail unless the interesting thing was met, and the guarantee kept or broken as declared."""
        assert finding.met, (
            f"{self.guarantee} at {self.stage.name}: what it is about never happened, so nothing is proved"
        )
        self.record("cell", [self.guarantee, self.stage.code, "✔" if finding.kept else "✘", finding.evidence])
        declared = f"{self.stage.name} is declared to {'keep' if self.declared_kept else 'break'}"
        shown = f"{'keeps' if finding.kept else 'breaks'} it: {finding.evidence}"
        assert finding.kept == self.declared_kept, f"{declared} {self.guarantee}, but {shown}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "cell" in metafunc.fixturenames:
        name = metafunc.module.__name__.rpartition(".test_")[2]
        every = metafunc.config.getoption("--all-cells")
        asked = [s for s in all_stages() if has_subject(name, s)]
        stages = asked if every else grid.around_changes(name)
        only = metafunc.config.getoption("--cells-of")
        stages = [stage for stage in stages if not only or stage.code in only.split(",")]
        metafunc.parametrize("cell", stages, ids=[stage.code for stage in stages], indirect=True)


@pytest.fixture
def cell(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Cell:
    name = request.module.__name__.rpartition(".test_")[2]
    seed = request.config.getoption("--seed")
    print(f"seed {seed}")
    record_property("cell", [name, request.param.code, "!", ""])  # until it is settled
    return Cell(name, request.param, seed, record_property)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call":
        found = [value for name, value in report.user_properties if name == "cell"]
        if found:
            CELLS.append({"cell": found[-1], "passed": report.passed, "seconds": round(report.duration, 2)})


def pytest_sessionfinish(session: pytest.Session) -> None:
    file = session.config.getoption("--cells-json", default=None)
    if file and not hasattr(session.config, "workerinput"):
        Path(file).write_text(json.dumps(CELLS, ensure_ascii=False))


CELLS: list[dict[str, Any]] = []
