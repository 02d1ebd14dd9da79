"""What the sandbox tells of its round trips is compared with what MariaDB has counted."""

from __future__ import annotations

import pytest

from homework.grader import walls
from homework.grader.book import find
from homework.grader.grading import Submission, Wish, grade
from homework.grader.result import Result
from homework.grader.servers import Servers
from homework.grader.transcripts import all_wrong, solution

HW02 = find("02")


def run(files: dict[str, bytes], servers: Servers, check: str) -> Result:
    return grade(HW02, Submission("x", "", "", files), servers, Wish(check=check, seed=7))


def silent(code: bytes) -> bytes:
    """The solution, in a process that is patched to tell the grader of no statement."""
    patch = (
        b"\nimport common.proof.announce as kit\n"
        b"def quiet(self, sql, send):\n"
        b"    return send()\n"
        b"kit.AnnouncedMariaDB._announce = quiet\n"
    )
    return code + patch


INVENTING = b"""
import common.proof.announce as kit
honest = kit.AnnouncedMariaDB._announce
def invents(self, sql, send):
    if self._watcher and sql == "BEGIN":
        step = kit.Step("MariaDB", "SELECT 1", session=self.thread_id())
        self._watcher.before(step)
        self._watcher.after(step, "1 row")
    return honest(self, sql, send)
kit.AnnouncedMariaDB._announce = invents
"""


def test_costs_are_taken_from_an_honest_process(servers: Servers) -> None:
    costs = run(solution(HW02), servers, "swaps").costs
    assert costs is not None
    assert costs.sql == costs.round_trips == 7


def test_no_costs_are_taken_from_one_that_hides_its_statements(servers: Servers) -> None:
    result = run({"swap.py": silent(solution(HW02)["swap.py"])}, servers, "swaps")
    assert [check.state for check in result.checks] == ["passed"], (
        "the rows are right: only the costs are not"
    )
    assert result.costs is None


@pytest.mark.parametrize("check", ["last_unit", "no_deadlock"])
def test_no_schedule_is_passed_by_hiding_statements(servers: Servers, check: str) -> None:
    files = {"swap.py": silent(solution(HW02)["swap.py"])}
    result = run(files, servers, check)
    found = next(each for each in result.checks if each.id == check)
    assert found.state == "failed"
    assert "statements to MariaDB that the grader was not told of" in (found.message or "")


def test_a_connection_of_its_own_is_noticed(servers: Servers) -> None:
    if walls.missing():
        pytest.skip(f"this cheat looks for the socket where the walls put it: {walls.missing()}")
    cheat = next(wrong for wrong in all_wrong(HW02) if wrong.folder.name == "past_the_backends")
    result = run(dict(cheat.submission().files), servers, "last_unit")
    assert "open none of your own" in (result.checks[-1].message or "")


def test_statements_that_were_never_sent_are_noticed(servers: Servers) -> None:
    result = run({"swap.py": solution(HW02)["swap.py"] + INVENTING}, servers, "last_unit")
    assert "statements that MariaDB never received" in (result.checks[-1].message or "")
