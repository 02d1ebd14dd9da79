"""One submission, check by check: what the grader itself gets wrong is never the student's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis
from pymysql import MySQLError
from redis.exceptions import OutOfMemoryError, ResponseError

from homework.grader import grading
from homework.grader.authoring import Grading
from homework.grader.book import find
from homework.grader.grading import Submission, Wish, grade
from homework.grader.result import Result
from homework.grader.servers import Servers
from homework.grader.transcripts import solution

HW01, HW02 = find("01"), find("02")
Graded = Callable[[int], Result]


@pytest.fixture
def graded(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Graded:
    """The result of a right solution, when the grader fails so many times at the end of the check."""

    def graded(times: int) -> Result:
        left = [OSError("no room")] * times
        right = grading.find_check(HW02, HW02.checks[0])

        def stumbles(g: Grading) -> None:
            right(g)
            if left:
                raise left.pop()

        monkeypatch.setattr(grading, "find_check", lambda *_: stumbles)
        return grade(HW02, Submission("x", "", "", solution(HW02)), servers, Wish(check=HW02.checks[0].id))

    return graded


@pytest.mark.parametrize("raised", ["pymysql.MySQLError('x')", "redis.RedisError('x')", "SoldOut('x')"])
def test_no_error_that_the_students_code_raises_is_the_graders(servers: Servers, raised: str) -> None:
    """Points of a check that the grader gets wrong are taken out of the sum: nobody may choose that."""
    code = f"import pymysql, redis\nfrom common.shop import SoldOut\ndef audit(*_): raise {raised}\n"
    files = solution(HW01) | {"audit.py": code.encode()}
    [check] = grade(HW01, Submission("x", "", "", files), servers, Wish(check="no_false_alarm")).checks
    assert (check.state, check.of) == ("failed", 5)
    assert check.message.startswith("Your code raised ")


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value"), "failed"),
        (ResponseError("BUSY Redis is busy running a script."), "failed"),
        (OutOfMemoryError("command not allowed when used memory > 'maxmemory'."), "failed"),
        (ResponseError("wrong number of arguments"), "grader_error"),
        (redis.ConnectionError("gone"), "grader_error"),
        (MySQLError(2013, "gone"), "grader_error"),
    ],
)
def test_what_the_student_did_to_redis_is_not_the_graders(error: Exception, state: str) -> None:
    assert grading.blame(error)[0] == state


def test_what_the_grader_gets_wrong_once_is_tried_again(graded: Graded) -> None:
    result = graded(1)
    assert [(check.state, check.points) for check in result.checks] == [("passed", 20)]


def test_what_it_gets_wrong_twice_costs_nobody_points(graded: Graded) -> None:
    result = graded(2)
    assert [(check.state, check.points) for check in result.checks] == [("grader_error", 0)]
    assert (result.state, result.points, result.of) == ("grader_error", 0, 0)
