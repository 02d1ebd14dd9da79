"""The graders, graded again and again: what is recorded, and what is noticed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from homework.grader import repeat
from homework.grader.book import Homework, find
from homework.grader.servers import Servers
from homework.grader.transcripts import all_wrong

HW05 = find("05")
Run = dict[str, Any]


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Which passes were begun: none of them grades anything, and the third of hw02 finds a flake."""
    begun: list[tuple[str, int]] = []

    def one_pass(homework: Homework, seed: int, *_: object) -> Run:
        begun.append((homework.code, seed))
        flakes = [{"submission": "x", "seen": "y"}] if (homework.code, seed) == ("hw02", 3) else []
        return {"seed": seed, "gradings": 1, "seconds": 0.0, "flakes": flakes}

    monkeypatch.setattr(repeat, "one_pass", one_pass)
    monkeypatch.setattr(repeat, "benches", lambda _: repeat.ThreadPoolExecutor(1))  # anything that closes
    return begun


def start(file: Path, *more: str) -> int:
    words = ["--homework", "01", "--homework", "02", "--json", str(file), *more]
    return CliRunner().invoke(repeat.main, words).exit_code


def test_it_goes_on_where_it_was_and_leaves_the_rest_of_the_file_alone(
    played: list[tuple[str, int]], tmp_path: Path
) -> None:
    file = tmp_path / "soak.json"
    file.write_text('{"exact_runs": 20}')
    assert start(file, "--times", "1") == 0
    assert start(file, "--times", "2") == 0
    assert played == [("hw01", 1), ("hw02", 1), ("hw01", 2), ("hw02", 2)]
    told = json.loads(file.read_text())
    assert (told["exact_runs"], told["graders"]["exact_runs"]) == (20, 2)


def test_a_flake_is_recorded_and_is_a_failure(played: list[tuple[str, int]], tmp_path: Path) -> None:
    file = tmp_path / "soak.json"
    assert start(file, "--times", "3") == 1
    told = json.loads(file.read_text())["graders"]
    assert told["exact_runs"] == 2
    assert told["homeworks"]["hw02"]["runs"][2]["flakes"]
    assert len(played) == 6


def test_runs_of_another_grader_do_not_count(
    played: list[tuple[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(tmp_path / "soak.json", "--times", "1")
    monkeypatch.setattr(repeat, "made_from", lambda homework: f"new {homework.code}")
    start(tmp_path / "soak.json", "--times", "1")
    assert played == [("hw01", 1), ("hw02", 1)] * 2


def test_what_is_not_as_declared_is_noticed(servers: Servers) -> None:
    first, other = (each for each in all_wrong(HW05) if each.folder.name in {"one_of_each", "makes_up_keys"})
    assert not repeat.mistake(first).run(servers)
    swapped = replace(repeat.mistake(first), files=repeat.mistake(other).files)
    assert "+✘" in swapped.run(servers), "what is read now, beside what golden.txt says"
    assert replace(repeat.right(HW05, 1), files=repeat.mistake(other).files).run(servers)
