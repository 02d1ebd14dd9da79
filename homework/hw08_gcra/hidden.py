"""The check of hw08 that students do not see."""

from __future__ import annotations

from typing import Any

from homework.grader.authoring import Failed, Grading, beside

checks = beside(__file__, "checks")
RULE = checks.Rule(3, checks.HOUR, burst=3)
INTERVAL = 20 * checks.MINUTE  # until one unit comes back


def clock_back(g: Grading) -> None:
    """`Bucket` knows no such clock. What must hold: nobody waits longer than if nothing had been left, and
    nobody gets more than was left."""
    for back in (1, checks.HOUR, 24 * checks.HOUR):
        what = f"All 3 units are gone, and the clock is set back by {back:,} ms"
        desk = after(g, 3, back)
        expect_refused(desk, 1, what)
        expect_let_in(desk, 1, what)
        expect_refused(desk, 1, f"{what}; one has come back since, and is taken")
    desk = after(g, 1, checks.HOUR)
    what = "One of 3 units is gone, and the clock is set back by an hour"
    expect_refused(desk, 3, what)
    expect_let_in(desk, 3, what)
    two_clocks(g)


def two_clocks(g: Grading) -> None:
    desk = after(g, 3, 0)
    passed = 0
    for second in range(100):
        desk.at = second * checks.SECOND - second % 2 * checks.MINUTE
        passed += desk.ask(1).allowed
    if passed:
        raise Failed(
            "All 3 units are gone, and one comes back in 20 minutes. Two processes ask in turn, a second"
            " apart, and the clock of one is a minute behind. Somebody is let through within 100 seconds",
            expected="nobody",
            seen=passed,
        )


def after(g: Grading, units: int, back: int) -> Any:
    """A desk at which so many units are gone, and whose clock was set back since."""
    desk = checks.Desk(g, sale=RULE)
    desk.expect(units)
    desk.wait(-back)
    return desk


def expect_refused(desk: Any, units: int, what: str) -> None:
    if desk.ask(units).allowed:
        raise Failed(f"{what}. {units} more get in at that moment", expected="refused", seen="let through")


def expect_let_in(desk: Any, units: int, what: str) -> None:
    """Who wants `units` is told to wait, not for long, and is let through then."""
    wait, most = desk.ask(units).retry_after, units * INTERVAL + checks.SECOND
    if not 0 < wait <= most:
        raise Failed(
            f"{what}. Who wants {units} waits too long", expected=f"{most:,} ms at most", seen=f"{wait:,} ms"
        )
    desk.wait(wait)
    if not desk.ask(units).allowed:
        raise Failed(
            f"{what}. Who wants {units} is told to come back after {wait:,} ms, and is refused again",
            expected="let through",
            seen="refused",
        )
