"""The check of hw04 that students do not see."""

from __future__ import annotations

from homework.grader.authoring import Grading, beside

checks = beside(__file__, "checks")


def clock_is_set(g: Grading) -> None:
    before, _, _ = checks.draw(g, 4, truth=5000)
    after, low, high = checks.draw(g, 3, truth=-30000, at=before[-1][2] + 35000)
    checks.expect_offset(g, [*before, *after], (low, high), "answers before and after our clock was set")
    broken = (after[-1][2], after[-1][1], after[-1][2] - 5)
    checks.expect_offset(g, [*after, broken], (low, high), "answers of which the last says nothing")
