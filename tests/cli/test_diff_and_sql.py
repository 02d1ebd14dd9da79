"""`diff` and `sql` show what a stage changes, and nothing else."""

from __future__ import annotations

import pytest

from common.cli import main
from common.cli.diff import changes, forerunner
from common.cli.sql import tables
from common.lab.places import ROOT
from common.stages import Stage, all_stages, find

Capture = pytest.CaptureFixture[str]


def test_s02_is_shown_against_s01(capsys: Capture) -> None:
    assert main(["diff", "s02"]) == 0
    said = capsys.readouterr().out
    assert "--- stages/s01_naive/checkout.py\n+++ stages/s02_guarded_update/checkout.py" in said
    assert "\n-        left = sale.stock - attempt.quantity\n" in said
    assert "\n+def take_stock(" in said
    assert "New files:\n" in said
    assert "  stages/s02_guarded_update/retry.py (" in said
    assert "\nCREATE TABLE purchases (" in said


def test_the_first_stage_is_all_new(capsys: Capture) -> None:
    assert main(["diff", "s01"]) == 0
    said = capsys.readouterr().out
    assert "+++" not in said
    assert "  stages/s01_naive/checkout.py (" in said


def test_a_file_is_compared_with_the_newest_of_its_name_below() -> None:
    assert forerunner(find("s03"), "checkout.py") == find("s02").folder / "checkout.py"
    assert forerunner(find("s02"), "checkout.py") == find("s01").folder / "checkout.py"
    assert forerunner(find("s01"), "checkout.py") is None


@pytest.mark.parametrize("stage", all_stages(), ids=lambda stage: stage.name)
def test_every_file_of_a_stage_is_compared_or_listed(stage: Stage) -> None:
    text = "".join(each for each, _language in changes(stage))
    for file in stage.folder.iterdir():
        if file.suffix in {".py", ".lua"} and file.name != "__init__.py":
            assert f"stages/{stage.name}/{file.name}" in text


def test_sql_prints_the_stages_own_file_and_its_tables(capsys: Capture) -> None:
    assert main(["sql", "s02"]) == 0
    said = capsys.readouterr().out
    assert (ROOT / "sql" / "s02_guarded_update.sql").read_text() in said
    assert "CREATE TABLE orders" not in said
    assert said.endswith("--   buyers (s01)\n--   sales (s01)\n--   orders (s01)\n--   purchases (s02)\n")


def test_a_stage_has_the_tables_of_the_stages_below() -> None:
    assert set(tables(find("s01"))) < set(tables(find("s02")))
    assert set(tables(find("s02"))) <= set(tables(find("s03")))
