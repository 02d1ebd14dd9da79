"""The grid says what stage.toml declares, asks for enough cells, and stands in the README as it is."""

from __future__ import annotations

from common.lab.places import ROOT
from common.proof import grid
from common.stages import all_stages, find, guarantees


def test_every_row_is_a_guarantee_with_a_proof_and_a_sentence() -> None:
    for row in grid.rows():
        file = ROOT / "tests" / "guarantees" / f"test_{row.guarantee}.py"
        first = file.read_text().splitlines()[0]
        assert first.startswith(f'"""`{row.guarantee}`: '), f"{file.name} does not begin with its sentence"
        assert first.endswith('."""')


def test_every_proof_is_a_row_of_the_grid() -> None:
    files = (ROOT / "tests" / "guarantees").glob("test_*.py")
    names = {file.stem.removeprefix("test_") for file in files} - {"planted_bugs"}
    assert names == {row.guarantee for row in grid.rows()}


def test_a_mark_is_what_the_stage_inherits_adds_and_drops() -> None:
    assert grid.mark("no_oversell", find("s01")) == "✘"
    assert grid.mark("no_oversell", find("s02")) == "✔"
    assert grid.mark("tickets_end", find("s05")) == "–"
    for stage in all_stages():
        marks = {row.guarantee: row.marks[stage.number - 1] for row in grid.rows()}
        kept = guarantees(stage)  # what was sold and bought back stands last there, and first in the grid
        assert sorted(name for name, mark in marks.items() if mark == "✔") == sorted(kept)


def test_the_default_proves_both_sides_of_every_change_and_the_newest_stage() -> None:
    for row in grid.rows():
        asked = {stage.number for stage in grid.around_changes(row.guarantee)}
        assert len(all_stages()) in asked
        for number in range(2, len(all_stages()) + 1):
            if row.marks[number - 1] != row.marks[number - 2] != "–":
                assert {number - 1, number} <= asked


def test_the_readme_shows_the_grid_as_it_is() -> None:
    text = (ROOT / "README.md").read_text()
    assert grid.written_into(text, grid.rows()) == text, "run ./seckill grid --write"
