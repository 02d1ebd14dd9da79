"""`./seckill test` is pytest with the right settings, and its exit code is pytest's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Command

Start = Callable[..., Command]

SUITE = """
import pytest

@pytest.mark.slow
def test_slow(): pass

@pytest.mark.browser
def test_in_a_browser(): pass

def test_quick(): assert {quick}
"""


def suite(folder: Path, quick: str = "True") -> str:
    file = folder / "test_something.py"
    file.write_text(SUITE.format(quick=quick))
    return str(file)


def test_the_quick_ones_are_run_and_the_exit_code_is_pytests(command: Start, tmp_path: Path) -> None:
    run = command("test", suite(tmp_path), "-p", "no:cacheprovider")
    assert run.wait() == 0, run.output
    assert "1 passed" in run.output


def test_all_means_all(command: Start, tmp_path: Path) -> None:
    run = command("test", "--all", suite(tmp_path), "-p", "no:cacheprovider")
    assert run.wait() == 0, run.output
    assert "3 passed" in run.output


@pytest.mark.parametrize(("words", "code"), [(["-k", "quick"], 1), (["-k", "nothing_of_this_name"], 5)])
def test_a_failure_is_passed_on(command: Start, tmp_path: Path, words: list[str], code: int) -> None:
    run = command("test", suite(tmp_path, "False"), "-p", "no:cacheprovider", *words)
    assert run.wait() == code, run.output
